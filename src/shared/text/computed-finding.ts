import type { Finding } from "../model/finding.ts";
import type { Instant } from "../model/instant.ts";
import { formatCount } from "./count.ts";
import { formatExpiry } from "./elapsed.ts";

/** What is said of a finding that no visit brought: a query found it in the dates, or in several hosts. */
type Said = Pick<Finding, "sentence" | "evidence" | "remedy">;

export type DateRule = "certificate-expired" | "certificate-expiring" | "certificate-not-yet-valid";

type Dates = { notBefore: Instant | null; notAfter: Instant | null };

/** Says of a certificate why its dates need attention. */
export function describeDates(rule: DateRule, { notBefore, notAfter }: Dates, now: Date): Said {
  if (rule === "certificate-not-yet-valid") {
    return {
      sentence: `the certificate is not valid before ${notBefore}; clients refuse it until then`,
      evidence: [`not before ${notBefore}`],
      remedy: "see to the clock of who issued it, or use another certificate until then",
    };
  }
  const elapsed = notAfter === null ? "" : formatExpiry(notAfter, now);
  return {
    sentence: `the certificate ${elapsed}`,
    evidence: [`not after ${notAfter}`, `not before ${notBefore ?? "a date that cannot be read"}`],
    remedy:
      rule === "certificate-expired"
        ? "replace it wherever it is still used, and remove it where it is not"
        : "replace it before that day, wherever it is used",
  };
}

/** The accounts that the evidence names before it only counts. */
export const MOST_ACCOUNTS = 10;

/** Says of a key that it opens several accounts. `accounts` are the first of them, as `account on host`. */
export function describeKeyOnSeveralAccounts(count: number, accounts: readonly string[]): Said {
  const named = accounts.slice(0, MOST_ACCOUNTS);
  const rest = count - named.length;
  return {
    sentence: `one key opens ${formatCount(count, "account")}: whoever has it can log in to all of them`,
    evidence: rest > 0 ? [...named, `and ${formatCount(rest, "more account")}`] : named,
    remedy: "give each account its own key where they are not one person's, and remove the lines not in use",
  };
}
