import { REVIEW_NAMESPACE, type ReviewDetail, type ReviewItem } from "../../model/access/review.ts";
import type { Instant } from "../../model/instant.ts";
import { formatCount, formatNumber } from "../count.ts";
import { formatAccount } from "../hosts/target.ts";
import { toCsvField, toHtml } from "../untrusted-text.ts";
import {
  formatDeciders,
  formatDecision,
  formatOutcomeOf,
  formatReviewed,
  formatSelection,
  listFacts,
  SOURCE_WORDS,
  STATE_WORDS,
} from "./review.ts";

/** The texts of an evidence pack: what was reviewed, what was decided, and what has shown that it was done. */

/** A column of the table, by a head that programs read. */
type Column = { head: string; value: (item: ReviewItem) => string | number | null };

const COLUMNS: readonly Column[] = [
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

export const CSV_HEAD: string = `${COLUMNS.map(({ head }) => head).join(",")}\r\n`;

export const toCsvRow = (item: ReviewItem): string =>
  `${COLUMNS.map(({ value }) => toCsvField(String(value(item) ?? ""))).join(",")}\r\n`;

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
      value: review.states
        .map(({ state, count }) => `${STATE_WORDS[state]}: ${formatNumber(count)}`)
        .join(", "),
    },
    ...review.reviewers.map(({ name, items, decided }) => ({
      name: `Reviewer ${name}`,
      value: `${formatNumber(decided)} of ${formatCount(items, "item")} decided`,
    })),
    ...review.answers.map(({ id, reviewer, source, by, fingerprint, at, isLate, decisions }) => ({
      name: `Answer ${id}`,
      value: `${reviewer}, ${formatCount(decisions, "decision")}, ${SOURCE_WORDS[source]}${fingerprint === null ? "" : ` with ${fingerprint}`}, entered by ${by} at ${at}${isLate ? ", late" : ""}`,
    })),
    ...review.plans.map(({ planId, items, hash, run }) => ({
      name: `Plan ${planId}`,
      value: `${formatCount(items, "item")}, ${hash === null ? "it is not there any more" : `hash ${hash}`}; ${
        run === null
          ? "not applied"
          : `run ${run.id}, ${run.state}, ${run.startedAt} to ${run.endedAt ?? "now"}`
      }`,
    })),
    {
      name: "Compared with the digests in the database",
      value:
        problems.length === 0
          ? "each item and each answer has the digest that it was stored with; whoever can write the database can write both"
          : problems.join("; "),
    },
  ];
}

/** What of the review is not about one item, for programs. */
export const toJsonHead = (
  { id: _, ...review }: ReviewDetail,
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

/** `answers`: the files of reviewers that are signed, with whose signature that is. */
export function writePackReadme(
  name: string,
  { isSigned, answers }: { isSigned: boolean; answers: readonly { file: string; reviewer: string }[] },
): string {
  const signed = isSigned
    ? `Nothing but OpenSSH and sha256sum is needed to check it. In this folder:

    ssh-keygen -Y verify -f allowed_signers -I ${SIGNER} -n ${REVIEW_NAMESPACE} -s SHA256SUMS.sig < SHA256SUMS
    sha256sum -c SHA256SUMS

The first shows that the key in allowed_signers has signed the digests, the second that each file is what was signed. Whose
key it is, no file here can show: compare the fingerprint that the first prints with the one that the signer gives you.`
    : `Nobody has signed this pack. In this folder, this shows that each file is what was written:

    sha256sum -c SHA256SUMS`;
  const theirs =
    answers.length === 0
      ? ""
      : `
Answers that reviewers have signed themselves; REVIEWERS is a file of yours in the format of allowed_signers:

${answers.map(({ file, reviewer }) => `    ssh-keygen -Y verify -f REVIEWERS -I ${toPlain(reviewer)} -n ${REVIEW_NAMESPACE} -s ${file}.sig < ${file}`).join("\n")}
`;
  return `Evidence of the review ${name}.

report.html  what was reviewed and decided, to read
items.csv    the same, a row for each item
review.json  the same, for programs, with all that was known of each item

${signed}
${theirs}`;
}

/** A word for a shell. */
const toPlain = (text: string): string => `'${text.replace(/[^\w@. +-]/g, "?")}'`;
