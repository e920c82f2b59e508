import type { HostRequest, HostSession, HostSessions, NotConnected } from "#connect/host-sessions.ts";
import type { HostPlan, Plan } from "#shared/model/runs/plan.ts";

type Session = { inside: Promise<HostSession | NotConnected>; release: () => void; over: Promise<void> };

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
    async of(place: number): Promise<HostSession | NotConnected> {
      const session = held.get(place) ?? open(place);
      held.set(place, session);
      const inside = await session.inside;
      if ("kind" in inside) held.delete(place);
      return inside;
    },

    isHeld: (place: number): boolean => held.has(place),

    /** It is of no more use, or not needed. */
    drop,

    /** Ends all others. */
    async keepOnly(places: readonly (number | null)[]): Promise<void> {
      const others = [...held.keys()].filter((place) => !places.includes(place));
      await Promise.all(others.map(drop));
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([...held.keys()].map(drop));
    },
  };

  async function drop(place: number): Promise<void> {
    const session = held.get(place);
    held.delete(place);
    session?.release();
    await session?.over;
  }

  function open(place: number): Session {
    const host = plan.hosts[place];
    if (!host) throw new Error(`the plan has no host ${place}`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: inside, resolve, reject } = Promise.withResolvers<HostSession | NotConnected>();
    const wish = { ...toRequest(host, transportOf(host)), hostKey: host.hostKey, alsoHostKey: alsoHostKey() };
    const over = sessions
      .connectToHost(wish, async (opened) => {
        resolve(opened);
        await Promise.race([released, opened.hand.ended]);
      })
      .then((entered) => {
        if (entered.kind === "not-connected") resolve(entered);
      }, reject);
    return { inside, release, over };
  }
}

export const toRequest = (
  { host, port, user, useSudo }: HostPlan,
  transport: HostRequest["transport"],
): HostRequest => ({ target: { kind: "ssh", host, port, user }, useSudo, transport });
