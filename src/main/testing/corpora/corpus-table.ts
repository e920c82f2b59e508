/**
 * The table of corpora of certificate chains that others have evaluated, and how often this program differs. A test
 * reports its counts by `recordCorpus`; the reporter of the test run prints all rows as one table.
 */

import type { Profile } from "#shared/model/certificates/chain.ts";
import { formatColumns } from "#testing/format-columns.ts";

export type CorpusRow = {
  corpus: string;
  profile: Profile;
  cases: number;
  /** The corpus refuses what this program accepts. */
  wronglyAccepted: number;
  /** The corpus accepts what this program does not. */
  wronglyRefused: number;
};

/** Adds rows to the table, through the report of the test run; `task` is the running test. */
export function recordCorpus(task: { meta: object }, rows: readonly CorpusRow[]): void {
  const meta = task.meta as { corpora?: CorpusRow[] };
  meta.corpora = [...(meta.corpora ?? []), ...rows];
}

/** The table as text. The test of each corpus explains every difference, and fails otherwise. */
export function formatCorpusTable(rows: readonly CorpusRow[]): string {
  const lines = rows.map(({ corpus, profile, cases, wronglyAccepted, wronglyRefused }) => [
    corpus,
    profile,
    String(cases),
    String(wronglyAccepted),
    String(wronglyRefused),
  ]);
  return formatColumns([["CORPUS", "PROFILE", "CASES", "ONLY WE ACCEPT", "ONLY WE REFUSE"], ...lines]);
}

/**
 * Sections whose rules most corpora do not apply, and why their certificates break them. Each is what the profile that
 * has it is for: `rfc5280` applies RFC 5280 to certificates, `webpki` the Baseline Requirements as well, while the
 * corpora test paths alone.
 */
const RULE_SECTIONS = {
  "RFC 5280, 4.1.2.2": "serial numbers are positive, of at most 20 octets",
  "RFC 5280, 4.1.2.6": "an authority has a subject",
  "RFC 5280, 4.2.1.1": "every certificate that is not self-signed names the key of its issuer",
  "RFC 5280, 4.2.1.2": "an authority names its own key",
  "RFC 5280, 4.2.1.3": "an authority has a key usage, and it lets it sign",
  "RFC 5280, 4.2.1.4": "a critical policy with a qualifier that is not known is refused",
  "RFC 5280, 4.2.1.6": "names are written as their forms ask, and are critical where there is no subject",
  "RFC 5280, 4.2.1.9":
    "an authority has basic constraints that are critical, and only an authority has a path length or signs certificates",
  "RFC 5280, 4.2.1.10": "name constraints are critical, constrain something, and stand in authorities alone",
  "RFC 5280, 4.2.1.11": "policy constraints are critical",
  "RFC 5280, 4.2.2.1": "the access to an authority's information is readable",
  "RFC 5280, 5.2.3": "a revocation list has a number",
  "RFC 8446, 4.4.2.4": "nothing below the root is signed with SHA-1",
  "RFC 5937, 3": "what a root demands of policies binds, as its name constraints do",
  "BR 7.1.2.1.2": "a root has no extended key usage",
  "BR 7.1.2.7.6": "a certificate of a server has an extended key usage",
  "BR 7.1.2.7.8": "a certificate of a server is of no authority",
  "BR 7.1.2.7.10": "a certificate of a server is for TLS servers, and for nothing but clients beside it",
  "BR 7.1.2.7.12": "a certificate of a server has alternative names, of DNS and addresses alone",
  "BR 7.1.3.1": "keys are RSA or EC",
  "BR 7.1.3.2": "nothing below the root is signed with SHA-1",
  "BR 7.1.4.3": "a common name is one of the alternative names",
} as const;
export type RuleSection = keyof typeof RULE_SECTIONS;
