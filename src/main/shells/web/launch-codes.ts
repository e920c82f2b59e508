import { digestSecret, isSecret, makeSecret } from "./secret.ts";

const LIFETIME_MS = 60_000;
const MOST_OUTSTANDING = 8;
/** After so many wrong codes of one peer somebody is guessing. */
export const MOST_BAD_CODES = 10;
/** So long that peer's codes are not looked at, in milliseconds; afterwards it may be wrong as often again. */
export const REFUSED_MS = 60_000;

type Outstanding = { digest: Buffer; expiresAt: number };
type Guesses = { count: number; refusedUntil: number };

/** `refused-now`: the wrong code after which this peer's codes are refused; `refused`: one that was not looked at. */
export type Redeemed = "good" | "bad" | "refused-now" | "refused";

/**
 * Codes that let one page in, each once and for a minute. `now` in milliseconds. Wrong codes are counted by whoever offers
 * them, a user of this computer where that is known, so that nobody keeps another from getting in.
 */
export function createLaunchCodes(now: () => number) {
  let outstanding: Outstanding[] = [];
  const guesses = new Map<string, Guesses>();

  function noteBad(peer: string): Redeemed {
    const { count } = guesses.get(peer) ?? { count: 0 };
    const isGuessing = count + 1 >= MOST_BAD_CODES;
    guesses.set(
      peer,
      isGuessing ? { count: 0, refusedUntil: now() + REFUSED_MS } : { count: count + 1, refusedUntil: 0 },
    );
    return isGuessing ? "refused-now" : "bad";
  }

  return {
    issue(): string {
      const code = makeSecret();
      outstanding.push({ digest: digestSecret(code), expiresAt: now() + LIFETIME_MS });
      outstanding = outstanding.slice(-MOST_OUTSTANDING);
      return code;
    },

    redeem(offered: string, peer: string): Redeemed {
      if ((guesses.get(peer)?.refusedUntil ?? 0) > now()) return "refused";
      const found = outstanding.filter(({ digest }) => isSecret(offered, digest));
      outstanding = outstanding.filter((code) => !found.includes(code) && code.expiresAt > now());
      return found.some(({ expiresAt }) => expiresAt > now()) ? "good" : noteBad(peer);
    },
  };
}
