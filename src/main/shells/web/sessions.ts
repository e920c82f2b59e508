import type { WebGrant } from "#shared/contract/web-protocol.ts";
import { makeSecret } from "./secret.ts";

const IDLE_MS = 30 * 60_000;
const LIFETIME_MS = 12 * 60 * 60_000;
/** How many that are over are remembered, so that their pages hear of it from a server that proves who it is. */
const MOST_OVER = 64;

export type Session = {
  readonly id: string;
  readonly secret: string;
  readonly openedAt: number;
  usedAt: number;
};

export type Sessions = ReturnType<typeof createSessions>;

/** Who may call: a session ends after half an hour without a call, and after twelve hours in any case. */
export function createSessions(now: () => number) {
  const sessions = new Map<string, Session>();

  function isOver({ openedAt, usedAt }: Session): boolean {
    return now() - usedAt >= IDLE_MS || now() - openedAt >= LIFETIME_MS;
  }

  function forgetOldest(): void {
    const over = [...sessions.values()].filter(isOver);
    for (const { id } of over.slice(0, -MOST_OVER)) sessions.delete(id);
  }

  return {
    isOver,

    /** Opens a session. Its secret is sent to the page once, and afterwards only proved. */
    open(): WebGrant {
      forgetOldest();
      const session = { id: makeSecret(), secret: makeSecret(), openedAt: now(), usedAt: now() };
      sessions.set(session.id, session);
      return { session: session.id, secret: session.secret };
    },

    /** By its public name, also when it is over. */
    find: (id: string): Session | null => sessions.get(id) ?? null,

    /** Notes a call; false when it comes too late. */
    use(session: Session): boolean {
      if (isOver(session)) return false;
      session.usedAt = now();
      return true;
    },
  };
}
