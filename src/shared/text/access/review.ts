import type { KeysGap } from "../../model/access/keys-reading.ts";
import type {
  AccountEvidence,
  AnswerSource,
  GrantEvidence,
  RefusedDecision,
  ReviewDeciders,
  ReviewDecision,
  ReviewEvidence,
  ReviewItem,
  ReviewItemState,
  ReviewSelection,
  ReviewWait,
  StateCount,
  UnplannedAccount,
} from "../../model/access/review.ts";
import { assertNever } from "../../model/assert-never.ts";
import { formatCount, formatNumber } from "../count.ts";
import { formatAccount } from "../hosts/target.ts";
import { formatKindReasons, formatLoginMethod, formatWorkload, ROOT_WORDS } from "./account.ts";

/** What an item is about, as a part of a sentence. Written by strangers in part. */
export const formatReviewed = (evidence: ReviewEvidence): string =>
  evidence.kind === "grant"
    ? `${formatKey(evidence)} for ${formatAccount(evidence)}`
    : `account ${formatAccount(evidence)}`;

/** The key of a grant: its comment and its fingerprint, or its line where it has no key. */
export function formatKey({ comment, fingerprint, file, line }: GrantEvidence): string {
  if (fingerprint === null) return `${file}:${line}`;
  return comment === "" ? fingerprint : `${comment} (${fingerprint.slice(0, 17)}...)`;
}

/** What a review is about, in a few words. */
export function formatSelection(selection: ReviewSelection): string {
  switch (selection.kind) {
    case "root":
      return [
        "all root access",
        selection.environment && `of ${selection.environment}`,
        selection.tag && `tagged ${selection.tag}`,
      ]
        .filter(Boolean)
        .join(", ");
    case "owner":
      return `all that ${selection.owner} answers for`;
    case "no-owner":
      return "everything without an owner";
    default:
      return assertNever(selection);
  }
}

export function formatDeciders(deciders: ReviewDeciders): string {
  if (deciders.kind === "named") return deciders.names.join(", ");
  return deciders.otherwise === null ? "the owner" : `the owner, otherwise ${deciders.otherwise}`;
}

/** Each state in a word or two. */
export const STATE_WORDS: Record<ReviewItemState, string> = {
  open: "open",
  kept: "kept",
  "to-reassign": "to reassign",
  reassigned: "reassigned",
  "to-revoke": "to revoke",
  planned: "planned",
  "to-disable": "to disable",
  closed: "closed",
};

/** What each state means, as a help text and a hint say it. */
export const STATE_MEANINGS: Record<ReviewItemState, string> = {
  open: "nobody has decided",
  kept: "it stays",
  "to-reassign": "somebody else will answer for its account, once the review is planned",
  reassigned: "whom the decision names answers for its account",
  "to-revoke": "a grant that goes: no plan removes it yet",
  planned: "it goes by a plan, and no later scan by root has shown that it is gone",
  "to-disable": "an account that goes: no plan disables it yet",
  closed:
    "it was to go, and a later scan by root has shown that it is gone, or disabled; or the account that was to be reassigned is gone",
};

/** How many items are in each state. */
export const formatStates = (states: readonly StateCount[]): string =>
  states.map(({ state, count }) => `${formatNumber(count)} ${STATE_WORDS[state]}`).join(", ");

/** What was decided and is not done, as a part of a sentence. */
export const formatUndone = ({ unplanned, planned }: { unplanned: number; planned: number }): string =>
  [
    ...(unplanned > 0 ? [`${formatCount(unplanned, "item")} revoked or reassigned, and in no plan`] : []),
    ...(planned > 0 ? [`${formatCount(planned, "item")} planned, and not shown to be gone by a scan`] : []),
  ].join("; ");

/** What is not reviewed although it may be of the environment. */
export const formatLeftOut = (count: number): string =>
  `${formatCount(count, "grant or account", "grants and accounts")} left out, for nobody has said in which environment`;

/** Of a reviewer whom no people source has. */
export const UNKNOWN_REVIEWER = "in no people source: whether it is their own access is not known";

export const SOURCE_WORDS: Record<AnswerSource, string> = {
  typed: "typed here",
  signed: "signed by the reviewer",
  unsigned: "not signed",
};

/** Why a decision of an answer file does not count, as a part of a sentence. */
export const REFUSED_WORDS: Record<RefusedDecision, string> = {
  "other-reviewer": "somebody else decides on it by now",
  "own-access": "it is the reviewer's own access",
  decided: "it was decided otherwise before; decide again here to change that",
  underway: "a plan revokes it already, or it is gone",
  root: "no run disables root: revoke what opens it, and keep it",
};

/** Why nothing is done for an account, as a part of a sentence. */
export const UNPLANNED_WORDS: Record<UnplannedAccount["why"], string> = {
  root: "is root by another name, which no run disables: remove it by hand",
  gone: "is not there any more",
  owners: "has another owner by a later decision: decide alike on all its items",
};

/** What was decided, by whom, and how that is known. Written by people. */
export function formatDecision(decision: ReviewDecision): string {
  const { choice, to, reason, reviewer, source, by, isLate } = decision;
  const what = choice === "reassign" ? `reassign to ${to ?? ""}` : choice;
  const who = source === "typed" ? `typed by ${by}` : `${SOURCE_WORDS[source]}, imported by ${by}`;
  return `${what}: ${reason} (${reviewer}, ${who}${isLate ? ", late" : ""})`;
}

/** A fact of the evidence: what it is about, and what was known. */
type Fact = { name: string; value: string };

/** What a reviewer is shown of an item, beside what it is about. Written by strangers in part. */
export const listFacts = (evidence: ReviewEvidence): Fact[] =>
  evidence.kind === "grant" ? grantFacts(evidence) : accountFacts(evidence);

function grantFacts(grant: GrantEvidence): Fact[] {
  const { login, keyOwner, use, approval } = grant;
  return [
    { name: "Account", value: rootOf(grant) },
    { name: "Answers for it", value: grant.owner || "nobody" },
    {
      name: "Key",
      value: [grant.keyType, grant.fingerprint].filter(Boolean).join(" ") || "none that can be read",
    },
    { name: "Line", value: `${grant.file}:${grant.line}${grant.options === "" ? "" : `, ${grant.options}`}` },
    { name: "Can log in", value: sentenceOf(login.state, login.reasons) },
    { name: "Who has the key", value: sentenceOf(keyOwner.who ?? keyOwner.state, keyOwner.reasons) },
    { name: "Use", value: sentenceOf(use.state, use.reasons) },
    { name: "Logs", value: logsOf(use.logs, use.notRead) },
    { name: "Approved", value: approval === null ? "no" : `for ${approval.owner}: ${approval.purpose}` },
    ...findingFacts(grant.findings),
    ...seenFacts(grant),
  ];
}

function accountFacts(account: AccountEvidence): Fact[] {
  const { becomers, becomerCount, setuidPrograms, principals } = account;
  return [
    { name: "Account", value: rootOf(account) },
    { name: "Answers for it", value: account.owner || "nobody" },
    { name: "Kind", value: `${account.accountKind}: ${formatKindReasons(account.reasons)}` },
    { name: "Runs as it", value: formatRuns(account) },
    { name: "Entered by", value: listEntries(account).join("; ") },
    {
      name: "Becomes it",
      value: `${becomers.map(({ account: who, by, isCertain }) => `${who} by ${by}${isCertain ? "" : " (perhaps)"}`).join(", ") || "nobody that is known"}${andMore(becomerCount, becomers.length)}`,
    },
    ...factOf("Setuid programs", setuidPrograms),
    ...factOf("Kerberos principals", principals),
    { name: "Last login", value: formatLastLogin(account) },
    {
      name: "Logs",
      value: logsOf(
        account.logs.map(({ source, from, to }) => `${source}: ${from.slice(0, 10)} to ${to.slice(0, 10)}`),
        [],
      ),
    },
    { name: "Shell", value: account.shell || "none" },
    { name: "Groups", value: account.groups.join(", ") || "none" },
    ...findingFacts(account.findings),
    {
      name: "As of",
      value: `kind, root, keys, password and what runs: ${account.evaluatedAt}, ${account.isByRoot ? "read by root" : "not by root"}`,
    },
    ...seenFacts(account),
  ];
}

/** Null: not all were read. None is no fact. */
const factOf = (name: string, found: readonly string[] | null): Fact[] =>
  found?.length === 0 ? [] : [{ name, value: found?.join(", ") ?? "not known: not all was read" }];

const andMore = (count: number, shown: number): string =>
  count > shown ? ` and ${formatNumber(count - shown)} more` : "";

function formatRuns({ workloads, workloadCount, reasons }: AccountEvidence): string {
  const isRead = !reasons.some(({ what }) => what === "workloads-not-read");
  if (workloadCount === 0) return isRead ? "nothing" : "not known: not all was read";
  const runs = workloads.map((workload) => formatWorkload(workload).what).join(", ");
  return `${runs}${andMore(workloadCount, workloads.length)}`;
}

function listEntries(account: AccountEvidence): string[] {
  const { grantCount, keysGap, passwordState, expiresAt, authorityCount, otherLogins } = account;
  const known = grantCount === 0 ? "no key" : formatCount(grantCount, "key");
  const why = keysGap && formatKeysGap(keysGap);
  const keys =
    why === null ? known : grantCount > 0 ? `${known}, perhaps more: ${why}` : `keys not known: ${why}`;
  return [
    keys,
    passwordState === "unknown" ? "password not known" : `password ${passwordState}`,
    ...(expiresAt === null ? [] : [`expires ${expiresAt.slice(0, 10)}`]),
    ...(authorityCount > 0
      ? [`certificates of ${formatCount(authorityCount, "authority", "authorities")}`]
      : []),
    ...otherLogins.map((login) => `${formatLoginMethod(login)}, last ${login.lastAt.slice(0, 10)}`),
  ];
}

const formatLastLogin = ({ lastLoginAt, logs }: AccountEvidence): string =>
  lastLoginAt?.slice(0, 10) ??
  (logs.length === 0 ? "not known: no log was read" : "none in the logs that were read");

const findingFacts = (findings: GrantEvidence["findings"]): Fact[] =>
  findings.length === 0
    ? []
    : [
        {
          name: "Findings",
          value: findings.map(({ severity, sentence }) => `${severity}: ${sentence}`).join("; "),
        },
      ];

const rootOf = ({ root, uid }: ReviewEvidence): string =>
  `uid ${uid}, ${root === "no" ? "not root" : root === "unknown" ? "whether it becomes root is not known" : ROOT_WORDS[root]}`;

const sentenceOf = (state: string, reasons: readonly string[]): string =>
  reasons.length === 0 ? state : `${state}: ${reasons.join("; ")}`;

function logsOf(read: readonly string[], notRead: readonly string[]): string {
  const parts = [...read, ...notRead.map((one) => `not read: ${one}`)];
  return parts.length === 0 ? "none was read" : parts.join("; ");
}

const seenFacts = ({ firstSeen, lastSeen, readAt }: ReviewEvidence): Fact[] => [
  { name: "Seen", value: `${firstSeen.slice(0, 10)} to ${lastSeen.slice(0, 10)}` },
  { name: "Host read", value: readAt ?? "not known" },
];

/** How an item has ended, or what it waits for. */
export function formatOutcomeOf({
  evidence: { kind },
  state,
  planId,
  runId,
  closedBy,
  waitsFor,
}: ReviewItem): string {
  if (closedBy !== null && state === "closed")
    return `${kind === "account" ? "gone or disabled" : "gone"} by scan ${closedBy.scan} of ${closedBy.at}`;
  if (state !== "planned") return STATE_WORDS[state];
  if (runId === null) return `plan ${planId}`;
  return `plan ${planId}, run ${runId}; ${waitsFor === null ? "not verified yet" : formatWait(waitsFor)}`;
}

/**
 * The part of a file's name that stands for somebody, which names in other letters have, too. Two people never have one: what is not
 * wholly said by it has a number at its end.
 */
export function toFileWord(name: string): string {
  const word = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, LONGEST_WORD);
  return word === name ? word : `${word || "reviewer"}-${sumOf(name)}`;
}

const LONGEST_WORD = 60;

/** FNV-1a: names are told apart by it, and nothing rests on it. */
function sumOf(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}

/** Why an item that was revoked is not closed. Written by strangers in part. */
export function formatWait(wait: ReviewWait): string {
  switch (wait.for) {
    case "line":
      return `the key stands in ${wait.file}:${wait.line} of ${wait.account}`;
    case "entries":
      return formatEntries(wait);
    case "successor":
      return `${wait.account} has its uid since then: it may be the same account, renamed`;
    case "name":
      return `${wait.account} has its uid, too, and is not disabled`;
    case "reading":
      return wait.gap === null
        ? "no scan by root since has read it"
        : `the last scan cannot show that it is gone: ${formatKeysGap(wait.gap)}`;
    default:
      return assertNever(wait);
  }
}

function formatEntries({
  isLocked,
  isExpired,
  grants,
  authorities,
}: Extract<ReviewWait, { for: "entries" }>) {
  const entries = [
    ...(isLocked ? [] : ["its password is not locked"]),
    ...(isExpired ? [] : ["it has not expired"]),
    ...(grants > 0 ? [`${formatCount(grants, "key")} may let in`] : []),
    ...(authorities > 0
      ? [`certificates of ${formatCount(authorities, "authority", "authorities")} may let in`]
      : []),
  ];
  return `not disabled: ${entries.join(", ")}`;
}

/** As a part of a sentence. Written by strangers in part. */
export function formatKeysGap(gap: KeysGap): string {
  switch (gap.why) {
    case "cut-short":
      return "it was cut short";
    case "not-root":
      return "it was not by root";
    case "settings":
      return `sshd's settings were not all read (${gap.path})`;
    case "file":
      return `not every file of its keys was read (${gap.path})`;
    case "command":
      return `AuthorizedKeysCommand ${gap.command} gives sshd keys that no scan sees`;
    default:
      return assertNever(gap);
  }
}
