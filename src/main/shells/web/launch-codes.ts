import { digestSecret, isSecret, makeSecret } from "./secret.ts";

const LIFETIME_MS = 60_000;
const MOST_OUTSTANDING = 8;
/** After so many wrong codes somebody is guessing, and the shell stops listening. */
export const MOST_BAD_CODES = 10;

type Outstanding = { digest: Buffer; expiresAt: number };

/** Codes that let one page in, each once and for a minute. `now` in milliseconds. */
export function createLaunchCodes(now: () => number) {
  let outstanding: Outstanding[] = [];
  let badCount = 0;

  return {
    issue(): string {
      const code = makeSecret();
      outstanding.push({ digest: digestSecret(code), expiresAt: now() + LIFETIME_MS });
      outstanding = outstanding.slice(-MOST_OUTSTANDING);
      return code;
    },

    /** `exhausted` with the last wrong code that is put up with: from then on none is good. */
    redeem(offered: string): "good" | "bad" | "exhausted" {
      if (badCount >= MOST_BAD_CODES) return "exhausted";
      const found = outstanding.filter(({ digest }) => isSecret(offered, digest));
      outstanding = outstanding.filter((code) => !found.includes(code) && code.expiresAt > now());
      if (found.some(({ expiresAt }) => expiresAt > now())) return "good";
      badCount++;
      return badCount < MOST_BAD_CODES ? "bad" : "exhausted";
    },
  };
}
