import type { HostRequest, HostSession, HostSessions, NotConnected } from "#connect/host-sessions.ts";
import type { HostPlan, Plan } from "#shared/model/runs/plan.ts";

type Session = { opened: Promise<HostSession | NotConnected>; release: () => void; over: Promise<void> };

export type Sessions = ReturnType<typeof holdSessions>;

/**
 * The logins that a run holds, one a host: it keeps one for as long as there is something to do or to take back, so that
 * whatever the change does to logins, this one stands.
 */
export function holdSessions(
  sessions: HostSessions,
  plan: Plan,
  transportOf: (host: HostPlan) => HostRequest["transport"],
  /** That a host may present instead of its pinned one by now. */
  alsoHostKey: () => Uint8Array | null,
) {
  const held = new Map<number, Session>();

  return {
    /** The login that stands, or a new one. Rejects only when told to stop. */
    async of(hostIndex: number): Promise<HostSession | NotConnected> {
      const session = held.get(hostIndex) ?? open(hostIndex);
      held.set(hostIndex, session);
      const opened = await session.opened;
      if ("kind" in opened) held.delete(hostIndex);
      return opened;
    },

    isHeld: (hostIndex: number): boolean => held.has(hostIndex),

    /** It is of no more use, or not needed. */
    drop,

    /** Ends all others. */
    async keepOnly(hostIndexes: readonly (number | null)[]): Promise<void> {
      const others = [...held.keys()].filter((hostIndex) => !hostIndexes.includes(hostIndex));
      await Promise.all(others.map(drop));
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([...held.keys()].map(drop));
    },
  };

  async function drop(hostIndex: number): Promise<void> {
    const session = held.get(hostIndex);
    held.delete(hostIndex);
    session?.release();
    await session?.over;
  }

  function open(hostIndex: number): Session {
    const host = plan.hosts[hostIndex];
    if (!host) throw new Error(`the plan has no host ${hostIndex}`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: opened, resolve, reject } = Promise.withResolvers<HostSession | NotConnected>();
    const request = {
      ...toRequest(host, transportOf(host)),
      hostKey: host.hostKey,
      alsoHostKey: alsoHostKey(),
    };
    const over = sessions
      .connectToHost(request, async (opened) => {
        resolve(opened);
        await Promise.race([released, opened.remote.ended]);
      })
      .then((entered) => {
        if (entered.kind === "not-connected") resolve(entered);
      }, reject);
    return { opened, release, over };
  }
}

export const toRequest = (
  { host, port, user, useSudo }: HostPlan,
  transport: HostRequest["transport"],
): HostRequest => ({ target: { kind: "ssh", host, port, user }, useSudo, transport });
