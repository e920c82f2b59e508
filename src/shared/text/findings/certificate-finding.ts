import type { FindingText } from "../../model/finding.ts";
import type { Instant } from "../../model/instant.ts";
import { formatCount } from "../count.ts";
import { formatExpiry } from "../elapsed.ts";

/** So many things are named in the evidence; the others are counted. */
export const MOST_NAMED = 10;

/** The first of them, and how many more there are. */
export function nameSome(names: readonly string[], count: number, one: string): string[] {
  const named = names.slice(0, MOST_NAMED);
  const rest = count - named.length;
  return rest > 0 ? [...named, `and ${formatCount(rest, `more ${one}`)}`] : named;
}

type Dates = { notBefore: Instant | null; notAfter: Instant | null; issuer: string };

/** Says of a public certificate that no public authority may let it live so long. */
export function describeOverLimit({ notBefore, notAfter, issuer }: Dates): FindingText {
  const life = notBefore && notAfter ? countLife(notBefore, notAfter) : null;
  const limit = notBefore ? limitFor(notBefore) : null;
  return {
    sentence: `it is valid for ${life} days; a public authority may let one that is valid from ${notBefore?.slice(0, 10)} live ${limit}`,
    evidence: [
      `not before ${notBefore}`,
      `not after ${notAfter}, which belongs to its life: any second beyond whole days counts as one more`,
      `its chain ends in a public root; its issuer is ${issuer}`,
    ],
    remedy: "have it issued anew for a shorter life; clients that hold to the limit refuse this one",
  };
}

type ClientUse = Dates & {
  files: readonly string[];
  fileCount: number;
  /** The endpoints that ask clients for certificates of its issuer. */
  askers: readonly string[];
  askerCount: number;
  /** What names it for connections in which its host is the client. */
  uses: readonly string[];
  useCount: number;
  isServed: boolean;
};

/** The day from which on public certificates are for servers alone. */
const CLIENT_USE_ENDS = "2027-03-15";

/** Says of a public certificate that clients present, or may present, that its renewal will not be for clients. */
export function describeClientUse(client: ClientUse): FindingText {
  const { issuer, files, fileCount, askers, askerCount, uses, useCount, isServed } = client;
  const peers =
    askerCount > 0
      ? nameSome(
          askers.map((asker) => `${asker} asks clients for certificates of this issuer`),
          askerCount,
          "endpoint",
        )
      : ["no endpoint that was scanned asks clients for certificates of this issuer by name"];
  return {
    sentence: `${useCount > 0 ? "its host uses it as a client certificate" : "clients may use it as a client certificate"}, and public authorities issue none for that from ${CLIENT_USE_ENDS} on: the one that follows it may be refused`,
    evidence: [
      `it is for clients (extended key usage), and ${isServed ? "an endpoint presents it as well" : "no endpoint presents it"}`,
      ...nameSome(uses, useCount, "use"),
      ...nameSome(files, fileCount, "file"),
      `its chain ends in a public root; its issuer is ${issuer}`,
      ...peers,
    ],
    remedy:
      isServed && useCount === 0 && askerCount === 0
        ? "nothing where it only serves; find out whether somebody presents it as a client, and have those issued by an authority of your own before then"
        : "find out who presents it to whom; have such certificates issued by an authority of your own before then, and let those servers trust it",
  };
}

type Revoked = { by: string; sentence: string; hosts: readonly string[]; hostCount: number };

/** Says of a certificate that its authority has revoked it, and who says so. */
export const describeRevoked = ({ by, sentence, hosts, hostCount }: Revoked): FindingText => ({
  sentence: "its authority has revoked it: clients that ask refuse it",
  evidence: [`${by}: ${sentence}`, ...nameSome(hosts, hostCount, "name")],
  remedy:
    "replace it wherever it is, by one with a new key; if its key was compromised, so is what it has protected",
});

/** Says of a wildcard certificate under how many names it is seen. */
export function describeWildcardSpread(
  wildcards: readonly string[],
  hosts: readonly string[],
  count: number,
): FindingText {
  return {
    sentence: `one certificate for ${wildcards[0] ?? "any name"} is seen under ${formatCount(count, "name")}: whoever has its key on one of them can stand in for all`,
    evidence: [...wildcards, ...nameSome(hosts, count, "name")],
    remedy: "give each machine a certificate of its own, for the names that it serves",
  };
}

/** Says of a certificate that its key is a key of SSH, too. */
export function describeSshKeyToo(fingerprint: string, uses: readonly string[], count: number): FindingText {
  return {
    sentence: "its key is a key of SSH, too: whoever gets hold of one has the other",
    evidence: [fingerprint, ...nameSome(uses, count, "place")],
    remedy: "make a new key for the certificate at its next renewal, and keep the other for SSH alone",
  };
}

/**
 * How many days a publicly trusted certificate of an end entity may live, by when it is valid from (BR 6.3.2, ballot
 * SC-081v3), the newest limit first.
 */
export const PUBLIC_LIMITS: readonly { from: Instant; days: number }[] = [
  { from: "2029-03-15T00:00:00Z", days: 47 },
  { from: "2027-03-15T00:00:00Z", days: 100 },
  { from: "2026-03-15T00:00:00Z", days: 200 },
  { from: "2020-09-01T00:00:00Z", days: 398 },
];

/** The limit in days for one that is valid from this instant; null before all of them. */
export const limitFor = (notBefore: Instant): number | null =>
  PUBLIC_LIMITS.find(({ from }) => notBefore >= from)?.days ?? null;

const DAY_SECONDS = 86_400;

/**
 * The life of a certificate in days: both ends belong to it (RFC 5280, 4.1.2.5), so there is a second more than between
 * them, and any second beyond whole days counts as another day (BR 6.3.2). Null when it ends before it begins.
 */
export function countLife(notBefore: Instant, notAfter: Instant): number | null {
  const seconds = (Date.parse(notAfter) - Date.parse(notBefore)) / 1_000 + 1;
  return seconds > 0 ? Math.ceil(seconds / DAY_SECONDS) : null;
}

export type DateRule = "certificate-expired" | "certificate-expiring" | "certificate-not-yet-valid";

type Validity = { notBefore: Instant | null; notAfter: Instant | null };

/** Says of a certificate why its dates need attention. */
export function describeDates(rule: DateRule, { notBefore, notAfter }: Validity, now: Date): FindingText {
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

/** So many accounts are named in the evidence; the others are counted. */
export const MOST_ACCOUNTS = 10;

/** Says of a key that it opens several accounts. `accounts` are the first of them, as `account on host`. */
export function describeKeyOnSeveralAccounts(count: number, accounts: readonly string[]): FindingText {
  const named = accounts.slice(0, MOST_ACCOUNTS);
  const rest = count - named.length;
  return {
    sentence: `one key opens ${formatCount(count, "account")}: whoever has it can log in to all of them`,
    evidence: rest > 0 ? [...named, `and ${formatCount(rest, "more account")}`] : named,
    remedy: "give each account its own key where they are not one person's, and remove the lines not in use",
  };
}
