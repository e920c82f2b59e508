import {
  REVIEW_NAMESPACE,
  type RecordedDecision,
  type ReviewDetail,
  type ReviewItem,
} from "../../model/access/review.ts";
import type { Instant } from "../../model/instant.ts";
import { formatCount, formatNumber } from "../count.ts";
import { formatAccount } from "../hosts/target.ts";
import { printable, toCsvField, toHtml } from "../untrusted-text.ts";
import {
  formatDeciders,
  formatDecision,
  formatLeftOut,
  formatOutcomeOf,
  formatReviewed,
  formatSelection,
  formatStates,
  listFacts,
  UNKNOWN_REVIEWER,
} from "./review.ts";

/** The texts of an evidence pack: what was reviewed, what was decided, and what has shown that it was done. */

/** A column of a table, by a head that programs read. */
type Column<Row> = { head: string; value: (row: Row) => string | number | null };

const COLUMNS: readonly Column<ReviewItem>[] = [
  { head: "item", value: ({ item }) => item },
  { head: "kind", value: ({ evidence }) => evidence.kind },
  { head: "host", value: ({ evidence }) => evidence.host },
  { head: "port", value: ({ evidence }) => evidence.port },
  { head: "account", value: ({ evidence }) => evidence.account },
  { head: "uid", value: ({ evidence }) => evidence.uid },
  { head: "root", value: ({ evidence }) => evidence.root },
  { head: "owner", value: ({ evidence }) => evidence.owner },
  {
    head: "file",
    value: ({ evidence }) => (evidence.kind === "grant" ? `${evidence.file}:${evidence.line}` : null),
  },
  { head: "fingerprint", value: ({ evidence }) => (evidence.kind === "grant" ? evidence.fingerprint : null) },
  { head: "comment", value: ({ evidence }) => (evidence.kind === "grant" ? evidence.comment : null) },
  {
    head: "key_owner",
    value: ({ evidence }) =>
      evidence.kind === "grant" ? (evidence.keyOwner.who ?? evidence.keyOwner.state) : null,
  },
  { head: "use", value: ({ evidence }) => (evidence.kind === "grant" ? evidence.use.state : null) },
  {
    head: "last_used",
    value: ({ evidence }) => (evidence.kind === "grant" ? evidence.use.at : evidence.lastLoginAt),
  },
  {
    head: "facts",
    value: ({ evidence }) =>
      listFacts(evidence)
        .map(({ name, value }) => `${name}: ${value}`)
        .join(" | "),
  },
  { head: "reviewer", value: ({ reviewer }) => reviewer },
  { head: "state", value: ({ state }) => state },
  { head: "choice", value: ({ decision }) => decision?.choice ?? null },
  { head: "reassigned_to", value: ({ decision }) => decision?.to ?? null },
  { head: "reason", value: ({ decision }) => decision?.reason ?? null },
  { head: "decided_by", value: ({ decision }) => decision?.reviewer ?? null },
  { head: "source", value: ({ decision }) => decision?.source ?? null },
  { head: "entered_by", value: ({ decision }) => decision?.by ?? null },
  { head: "decided_at", value: ({ decision }) => decision?.at ?? null },
  { head: "late", value: ({ decision }) => decision && (decision.isLate ? "yes" : "no") },
  { head: "plan", value: ({ planId }) => planId },
  { head: "run", value: ({ runId }) => runId },
  { head: "gone_by_scan", value: ({ closedBy }) => closedBy?.scan ?? null },
  { head: "gone_at", value: ({ closedBy }) => closedBy?.at ?? null },
];

const DECISION_COLUMNS: readonly Column<RecordedDecision>[] = [
  { head: "item", value: ({ item }) => item },
  { head: "choice", value: ({ choice }) => choice },
  { head: "reassigned_to", value: ({ to }) => to },
  { head: "reason", value: ({ reason }) => reason },
  { head: "decided_by", value: ({ reviewer }) => reviewer },
  { head: "source", value: ({ source }) => source },
  { head: "entered_by", value: ({ by }) => by },
  { head: "decided_at", value: ({ at }) => at },
  { head: "late", value: ({ isLate }) => (isLate ? "yes" : "no") },
  { head: "answer", value: ({ answer }) => answer },
];

const headOf = <Row>(columns: readonly Column<Row>[]): string =>
  `${columns.map(({ head }) => head).join(",")}\r\n`;

const rowOf = <Row>(columns: readonly Column<Row>[], row: Row): string =>
  `${columns.map(({ value }) => toCsvField(String(value(row) ?? ""))).join(",")}\r\n`;

export const CSV_HEAD: string = headOf(COLUMNS);
export const toCsvRow = (item: ReviewItem): string => rowOf(COLUMNS, item);

/** Of every decision, also of those that a later one has taken the place of. */
export const DECISIONS_HEAD: string = headOf(DECISION_COLUMNS);
export const toDecisionRow = (decision: RecordedDecision): string => rowOf(DECISION_COLUMNS, decision);

/** So many items are in the page; all are in the table and in the JSON. */
export const MOST_IN_PAGE = 5_000;

/** The one style of the page. The policy of the page names its digest. */
export const PACK_STYLE =
  "body{font:14px/1.5 sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}dl{margin:0;font-size:12px}dt{float:left;clear:left;margin-right:.5em;color:#555}dd{margin:0}";

type PageHead = {
  review: ReviewDetail;
  problems: readonly string[];
  writtenAt: Instant;
  styleDigest: string;
};

/** Up to its first item. `styleDigest`: of `PACK_STYLE`, SHA-256 in base64. */
export function writePageHead({ review, problems, writtenAt, styleDigest }: PageHead): string {
  const shown = Math.min(review.items, MOST_IN_PAGE);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleDigest}'">
<title>Review ${toHtml(review.name)}</title><style>${PACK_STYLE}</style></head><body>
<h1>Review ${toHtml(review.name)}</h1>
<table><tbody>
${summarise(review, problems, writtenAt)
  .map(({ name, value }) => `<tr><th>${toHtml(name)}</th><td>${toHtml(value)}</td></tr>`)
  .join("\n")}
</tbody></table>
<h2>Items</h2>
<p>${toHtml(shown < review.items ? `The first ${formatNumber(shown)} of ${formatCount(review.items, "item")}: items.csv and review.json have all.` : formatCount(shown, "item"))}</p>
<table><thead><tr><th>Item</th><th>What, and what was known</th><th>Decision</th><th>State</th></tr></thead><tbody>
`;
}

export const writePageItem = (item: ReviewItem): string => {
  const facts = listFacts(item.evidence)
    .map(({ name, value }) => `<dt>${toHtml(name)}</dt><dd>${toHtml(value)}</dd>`)
    .join("");
  const decision = item.decision === null ? "none" : formatDecision(item.decision);
  return `<tr><td>${item.item}</td><td>${toHtml(formatReviewed(item.evidence))}<dl>${facts}</dl></td><td>${toHtml(`${item.reviewer}: ${decision}`)}</td><td>${toHtml(formatOutcomeOf(item))}</td></tr>
`;
};

export const PAGE_END = "</tbody></table></body></html>\n";

function summarise(review: ReviewDetail, problems: readonly string[], writtenAt: Instant) {
  const open = review.items - review.decided;
  return [
    { name: "What", value: formatSelection(review.selection) },
    { name: "Who decides", value: formatDeciders(review.deciders) },
    {
      name: "Frozen",
      value: `${review.createdAt}, ${formatCount(review.items, "item")}, snapshot ${review.snapshot}`,
    },
    { name: "Due", value: review.dueAt },
    { name: "Ended", value: review.endedAt ?? "it still takes decisions" },
    { name: "Evidence written", value: writtenAt },
    {
      name: "Decided",
      value: `${formatCount(review.decided, "item")}; nobody has decided on ${formatNumber(open)}, which are not certified`,
    },
    {
      name: "States",
      value: formatStates(review.states),
    },
    ...(review.leftOut > 0 ? [{ name: "Left out", value: formatLeftOut(review.leftOut) }] : []),
    ...review.reviewers.map(({ name, items, decided, isUnknown }) => ({
      name: `Reviewer ${name}`,
      value: `${formatNumber(decided)} of ${formatCount(items, "item")} decided${isUnknown ? `; ${UNKNOWN_REVIEWER}` : ""}`,
    })),
    {
      name: "Answers",
      value: `${formatNumber(review.answerCount)}; decisions.csv has every decision, earlier ones as well`,
    },
    ...review.plans.map(({ planId, items, hash, run }) => ({
      name: `Plan ${planId}`,
      value: `${formatCount(items, "item")}, ${hash === null ? "it is not there any more" : `hash ${hash}`}; ${
        run === null
          ? "not applied"
          : `run ${run.id}, ${run.state}, ${run.startedAt} to ${run.endedAt ?? "now"}`
      }`,
    })),
    {
      name: "Verified when this was written",
      value:
        problems.length === 0
          ? "the review and its answers have the seals of this installation, items and decisions the digests that are sealed, and signed answers their signatures; whoever has the key of the seals can write all but the signatures"
          : problems.join("; "),
    },
  ];
}

/** What of the review is not about one item, for programs. */
export const toJsonHead = (
  { id: _, moment: __, ...review }: ReviewDetail,
  problems: readonly string[],
  writtenAt: Instant,
) => ({
  format: "latchkey-review-evidence-1",
  writtenAt,
  problems,
  review,
});

export const toJsonItem = ({ about: _, ...item }: ReviewItem) => ({
  ...item,
  target: formatAccount(item.evidence),
});

/** Who signs, as allowed_signers names them. */
export const SIGNER = "signer";

export const writeAllowedSigners = (publicKey: string): string =>
  `${SIGNER} namespaces="${REVIEW_NAMESPACE}" ${publicKey}\n`;

type PackContents = {
  snapshot: string;
  isSigned: boolean;
  /** The files of reviewers; `reviewer` is null where nobody is known to have signed it. */
  answers: readonly { file: string; reviewer: string | null }[];
  runs: readonly string[];
};

export function writePackReadme(name: string, { snapshot, isSigned, answers, runs }: PackContents): string {
  const signed = isSigned
    ? `Nothing but OpenSSH and sha256sum is needed to check it. In this folder:

    ssh-keygen -Y verify -f allowed_signers -I ${SIGNER} -n ${REVIEW_NAMESPACE} -s SHA256SUMS.sig < SHA256SUMS
    sha256sum -c SHA256SUMS

The first shows that the key in allowed_signers has signed the digests, the second that each file is what was signed. Whose
key it is, no file here can show: compare the fingerprint that the first prints with the one that the signer gives you.`
    : `Nobody has signed this pack. In this folder, this shows that each file is what was written:

    sha256sum -c SHA256SUMS`;
  return `Evidence of the review ${name}.

report.html     what was reviewed and decided, to read
items.csv       the same, a row for each item
review.json     the same, for programs, with all that was known of each item
decisions.csv   every decision, the oldest first, with those that a later one has taken the place of
snapshot.jsonl  what was frozen when the review was created, a line for each item
${runs.map((file) => `${file.padEnd(16)}a run that was made for it, step by step\n`).join("")}
${signed}

The SHA-256 of snapshot.jsonl is ${snapshot}:

    sha256sum snapshot.jsonl
${formatAnswers(answers)}`;
}

function formatAnswers(answers: PackContents["answers"]): string {
  if (answers.length === 0) return "";
  const signed = answers.flatMap(({ file, reviewer }) => (reviewer === null ? [] : [{ file, reviewer }]));
  const verified = signed.map(
    ({ file, reviewer }) =>
      `    ssh-keygen -Y verify -f REVIEWERS -I ${toShellWord(reviewer)} -n ${REVIEW_NAMESPACE} -s ${file}.sig < ${file}`,
  );
  const theirs = `
Answers that reviewers have signed themselves. REVIEWERS is a file of yours: a line for each of them, with the name as it stands
here in quotes ("), and the public key that they have given you.

${verified.join("\n")}
`;
  return `
Each answer that came in a file names the snapshot that its reviewer was shown. That has to be the digest above:

    grep -H '"snapshot"' ${answers.map(({ file }) => file).join(" ")}
${signed.length === 0 ? "" : theirs}`;
}

/** A word for a shell. What nobody can see of a name, nobody can type. */
const toShellWord = (text: string): string => `'${printable(text).replaceAll("'", "'\\''")}'`;
