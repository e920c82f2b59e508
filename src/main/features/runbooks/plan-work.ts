import type { HostSessions, OpenSessions } from "#connect/host-sessions.ts";
import type { Unplannable } from "#domain/rotation/plan/draft.ts";
import type { Plan } from "#shared/model/plan.ts";
import type { KnownHost } from "#store/runbooks/fact-reader.ts";

/** What is looked at for a plan, and what it comes to. */
export type Work = {
  hosts: readonly KnownHost[];
  /** Null: nothing is looked at from here. */
  openSessions: OpenSessions | null;
  make: (
    sessions: HostSessions | null,
    onRead: (read: number) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<Plan | Unplannable>;
};

/** Work of which not all is known before others were asked. `total`: hosts that are known by now. */
export type LaterWork = { total: number; begin: (signal: AbortSignal) => Promise<Work> };

export const atOnce = (work: Work): LaterWork => ({ total: work.hosts.length, begin: async () => work });
