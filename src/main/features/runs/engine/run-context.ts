import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/runs/step.ts";
import type { RetryPolicy } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { Plan, PlanHash } from "#shared/model/plan.ts";
import type { RunId } from "#shared/model/run.ts";
import type { Trace } from "#shared/text/trace.ts";
import type { Journal } from "./journal.ts";
import type { Sessions } from "./sessions.ts";

/** What every run has, whatever it changes. */
export type RunContext<P extends Plan = Plan> = {
  runId: RunId;
  plan: P;
  token: string;
  planHash: PlanHash;
  /** Shown to whoever finds a folder held: `jo@desk, run 7`. */
  who: string;
  journal: Journal;
  /** Others once keys of this computer have changed places. */
  sessions: Sessions;
  ask: Ask;
  retryPolicy: RetryPolicy;
  trace: Trace;
  signal: AbortSignal;
};

/** The session of a host broke: what was done there is not known. */
export class SessionLost extends Error {}

/** What the run needs cannot be opened now: it stops. The message says what, and what to do. */
export class Locked extends Error {}

/** The run goes on once somebody has done what the message says: what is under way is ended, and nothing more is begun. */
export class Held extends Error {}

/** The login at a host of the plan. Rejects with `SessionLost` where there is none to be had. */
export async function enterHost({ sessions }: RunContext, host: number): Promise<HostSession> {
  const entered = await sessions.of(host);
  if ("kind" in entered) throw new SessionLost(entered.message);
  return entered;
}

/** The host of a step; throws for one that is done on this computer. */
export const hostOf = <P extends Plan>({ plan }: RunContext<P>, { host }: Pick<Step, "host">) => {
  const found: P["hosts"][number] | undefined = host === null ? undefined : plan.hosts[host];
  if (!found) throw new Error("a step that is done on a host has none");
  return found;
};
