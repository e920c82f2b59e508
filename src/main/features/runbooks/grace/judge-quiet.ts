/** Whether an old key was still used while a run waited: only as far as logs tell of it. */
import { findUses } from "#domain/rotation/run/watch-old-key.ts";
import { findReach } from "#domain/use/judge-use.ts";
import { evidenceOf, type HostUse, type LogWindow, type UseEvidence } from "#shared/model/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";

export type Quiet =
  | { kind: "used"; account: string; at: Instant; from: string | null; evidence: UseEvidence }
  /** `file`: plain files had to be believed for it, which any user of the host can have lines written to. */
  | { kind: "quiet"; evidence: UseEvidence }
  /** Nobody can say: a sentence why. */
  | { kind: "unknown"; why: string };

/** All times are by the host's clock. */
type Asked = {
  use: HostUse;
  fingerprints: readonly string[];
  accounts: readonly string[];
  since: Instant;
  /** The last moment that its logs had told of before they were read again just now. */
  readTo: Instant | null;
  now: Instant;
};

/**
 * Of one host. A use counts whoever tells of it, for it only keeps the old line; silence is as strong as the log that is silent. That there was no login is said only where its logs reach from then to now without a gap, which they do if they
 * tell of the login that read them.
 */
export function judgeQuiet({ use, fingerprints, accounts, since, readTo, now }: Asked): Quiet {
  const recent = use.logins.filter(({ account, lastAt }) => accounts.includes(account) && lastAt > since);
  const [used] = findUses({ use, fingerprints, accounts, since }).toSorted((one, other) =>
    one.at < other.at ? 1 : -1,
  );
  if (used) return { kind: "used", ...used };
  if (fingerprints.length === 0)
    return { kind: "unknown", why: "which keys go cannot be told from the lines of the plan" };
  const unnamed = recent.find((login) => login.fingerprint.startsWith("MD5:"));
  if (unnamed)
    return {
      kind: "unknown",
      why: `its log names keys by MD5, and ${unnamed.account} has logged in with one`,
    };
  const told = (windows: readonly LogWindow[]) => findReach(windows, secondsOf(now));
  const sure = told(use.windows.filter(({ source }) => evidenceOf(source) === "journal"));
  const isNews = (reach: { to: string }) => readTo === null || reach.to > readTo;
  if (sure && isNews(sure) && sure.from <= since) return { kind: "quiet", evidence: "journal" };
  const reach = told(use.windows);
  if (!reach) return { kind: "unknown", why: "no log of it tells of logins up to now" };
  if (!isNews(reach))
    return {
      kind: "unknown",
      why: "its logs could not be read just now (where the new key has a passphrase, an agent has to have it), or do not tell of the login that read them",
    };
  if (reach.from <= since) return { kind: "quiet", evidence: "file" };
  return { kind: "unknown", why: `its logs reach back without a gap to ${reach.from.slice(0, 10)} only` };
}

const secondsOf = (at: Instant): number => Math.floor(Date.parse(at) / 1_000);

export const addDays = (at: Instant, days: number): Instant =>
  toInstant(new Date(Date.parse(at) + days * 86_400_000));
