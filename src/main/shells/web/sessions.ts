import { digestSecret, isSecret, makeSecret } from "./secret.ts";

const IDLE_MS = 30 * 60_000;
const LIFETIME_MS = 12 * 60 * 60_000;

export type Session = { readonly digest: Buffer; readonly openedAt: number; usedAt: number };

export type Sessions = ReturnType<typeof createSessions>;

/** Who may call: a session ends after half an hour without a call, and after twelve hours in any case. */
export function createSessions(now: () => number) {
  const sessions = new Set<Session>();

  function isOver({ openedAt, usedAt }: Session): boolean {
    return now() - usedAt >= IDLE_MS || now() - openedAt >= LIFETIME_MS;
  }

  return {
    isOver,

    /** Opens a session; answers with the token that names it, which is kept nowhere here. */
    open(): string {
      const token = makeSecret();
      sessions.add({ digest: digestSecret(token), openedAt: now(), usedAt: now() });
      return token;
    },

    find(token: string): Session | null {
      for (const session of sessions) if (isOver(session)) sessions.delete(session);
      return [...sessions].filter(({ digest }) => isSecret(token, digest))[0] ?? null;
    },

    /** Notes a call; false when it comes too late. */
    use(session: Session): boolean {
      if (isOver(session)) return false;
      session.usedAt = now();
      return true;
    },
  };
}
