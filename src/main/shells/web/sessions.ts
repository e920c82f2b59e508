import type { WebGrant } from "#shared/contract/transport/web-protocol.ts";
import { digestSecret, isSecret, makeSecret } from "./answer.ts";

const IDLE_MS = 30 * 60_000;
const LIFETIME_MS = 12 * 60 * 60_000;
/** How many ended sessions are remembered, so that a server that verifies itself can notify their pages of the end. */
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

    /**
     * Opens a session. Its secret is sent to the page once, and afterwards only verified. `since`: when the session began
     * whose page has asked for it.
     */
    open(since = now()): WebGrant {
      forgetOldest();
      const session = { id: makeSecret(), secret: makeSecret(), openedAt: since, usedAt: now() };
      sessions.set(session.id, session);
      return { session: session.id, secret: session.secret };
    },

    /** By its public name, also after its end. */
    find: (id: string): Session | null => sessions.get(id) ?? null,

    /** Notes a call; false when it comes too late. */
    use(session: Session): boolean {
      if (isOver(session)) return false;
      session.usedAt = now();
      return true;
    },
  };
}

const LAUNCH_CODE_LIFETIME_MS = 60_000;
const MOST_OUTSTANDING = 8;
/** A browser asks for one for each of its tabs when it opens them all at once. */
const MOST_OUTSTANDING_FOR_TABS = 512;
/** After so many wrong codes of one peer we take it that the peer is guessing. */
export const MOST_BAD_CODES = 10;
/** How long that peer's codes are not checked, in milliseconds; afterwards it may be wrong as often again. */
export const REFUSED_MS = 60_000;

/** `since`: when the session began for whose browser it is; undefined for one of its own. */
type Outstanding = { digest: Buffer; expiresAt: number; since: number | undefined };
type Guesses = { count: number; refusedUntil: number };

/** `refused-now`: the wrong code after which this peer's codes are refused; `refused`: one that was not checked. */
type Redeemed = { kind: "good"; since: number | undefined } | { kind: "bad" | "refused-now" | "refused" };

/**
 * Codes that open one page, each once and for a minute. `now` in milliseconds. Wrong codes are counted for each peer, a
 * user of this computer where that is known, so that nobody locks another user out.
 */
export function createLaunchCodes(now: () => number) {
  let ofAddresses: Outstanding[] = [];
  let ofTabs: Outstanding[] = [];
  const guesses = new Map<string, Guesses>();

  function noteBad(peer: string): Redeemed {
    const { count } = guesses.get(peer) ?? { count: 0 };
    const isGuessing = count + 1 >= MOST_BAD_CODES;
    guesses.set(
      peer,
      isGuessing ? { count: 0, refusedUntil: now() + REFUSED_MS } : { count: count + 1, refusedUntil: 0 },
    );
    return { kind: isGuessing ? "refused-now" : "bad" };
  }

  const make = (since: number | undefined): { code: string; made: Outstanding } => {
    const code = makeSecret();
    const expiresAt = now() + LAUNCH_CODE_LIFETIME_MS;
    return { code, made: { digest: digestSecret(code), expiresAt, since } };
  };

  return {
    /** For a session of its own, by an address that is printed. */
    issue(): string {
      const { code, made } = make(undefined);
      ofAddresses = [...ofAddresses, made].slice(-MOST_OUTSTANDING);
      return code;
    },

    /** For another tab of a browser whose session began then. */
    issueForTab(since: number): string {
      const { code, made } = make(since);
      ofTabs = [...ofTabs, made].slice(-MOST_OUTSTANDING_FOR_TABS);
      return code;
    },

    redeem(offered: string, peer: string): Redeemed {
      if ((guesses.get(peer)?.refusedUntil ?? 0) > now()) return { kind: "refused" };
      const found = [...ofAddresses, ...ofTabs].filter(({ digest }) => isSecret(offered, digest));
      const isLeft = (code: Outstanding) => !found.includes(code) && code.expiresAt > now();
      ofAddresses = ofAddresses.filter(isLeft);
      ofTabs = ofTabs.filter(isLeft);
      const good = found.find(({ expiresAt }) => expiresAt > now());
      return good ? { kind: "good", since: good.since } : noteBad(peer);
    },
  };
}
