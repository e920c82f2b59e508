/** Whether an old key was still used while a run waited: only as far as logs tell of it. */
import { findReach } from "#domain/use/judge-use.ts";
import type { HostUse } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";

export type Quiet =
  | { kind: "used"; account: string; at: Instant; from: string | null }
  | { kind: "quiet" }
  /** Nobody can say: a sentence why. */
  | { kind: "unknown"; why: string };

type Asked = {
  use: HostUse;
  fingerprint: string;
  accounts: readonly string[];
  since: Instant;
  /** The last moment that its logs had told of before they were read again just now. */
  readTo: Instant | null;
  now: Instant;
};

/**
 * Of one host. That there was no login is said only where its logs reach from then to now without a gap, which they do if they
 * tell of the login that read them.
 */
export function judgeQuiet({ use, fingerprint, accounts, since, readTo, now }: Asked): Quiet {
  const recent = use.logins.filter(({ account, lastAt }) => accounts.includes(account) && lastAt > since);
  const used = recent
    .filter((login) => login.fingerprint === fingerprint)
    .reduce<(typeof recent)[number] | null>(
      (one, other) => (one && one.lastAt > other.lastAt ? one : other),
      null,
    );
  if (used) return { kind: "used", account: used.account, at: used.lastAt, from: used.lastFrom };
  const unnamed = recent.find((login) => login.fingerprint.startsWith("MD5:"));
  if (unnamed)
    return {
      kind: "unknown",
      why: `its log names keys by MD5, and ${unnamed.account} has logged in with one`,
    };
  const reach = findReach(use.windows, secondsOf(now));
  if (!reach) return { kind: "unknown", why: "no log of it tells of logins up to now" };
  if (readTo !== null && reach.to <= readTo)
    return {
      kind: "unknown",
      why: "its logs could not be read just now (where the new key has a passphrase, an agent has to have it), or do not tell of the login that read them",
    };
  if (reach.from <= since) return { kind: "quiet" };
  return { kind: "unknown", why: `its logs reach back without a gap to ${reach.from.slice(0, 10)} only` };
}

const secondsOf = (at: Instant): number => Math.floor(Date.parse(at) / 1_000);

export const addDays = (at: Instant, days: number): Instant =>
  toInstant(new Date(Date.parse(at) + days * 86_400_000));
