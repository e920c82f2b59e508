import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import {
  countUndone,
  type ReviewDeciders,
  type ReviewDetail,
  type ReviewerProgress,
  type ReviewItem,
  ReviewItemState,
  type ReviewRow,
  type ReviewSelection,
} from "#shared/model/access/review.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import {
  formatDeciders,
  formatDecision,
  formatLeftOut,
  formatOutcomeOf,
  formatReviewed,
  formatSelection,
  formatStates,
  formatUndone,
  formatWait,
  listFacts,
  STATE_MEANINGS,
  UNKNOWN_REVIEWER,
} from "#shared/text/access/review.ts";
import { formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable } from "#shells/cli/print-table.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";
import { addReviewActions } from "./review-actions.ts";
import { addReviewEvidence } from "./review-evidence.ts";

type ListOptions = CommonOptions & { due?: boolean };
type CreateOptions = CommonOptions & {
  root?: boolean;
  tag?: string;
  environment?: string;
  team?: string;
  owner?: false;
  reviewer?: string[];
  byOwner?: boolean;
  otherwise?: string;
  until: string;
};
type ShowOptions = CommonOptions & {
  reviewer?: string;
  state?: ReviewItemState;
  limit?: number;
};

export function addReviews(program: Command, session: Session): void {
  const { world, finish } = session;
  const reviews = program
    .command("reviews")
    .helpGroup(MORE)
    .description("reviews of access: somebody decides on each grant and account")
    .addHelpText("after", HELP);
  reviews
    .command("list", { isDefault: true })
    .allowExcessArguments()
    .description("list the reviews")
    .option(
      "--due",
      "only what somebody still has to decide, by reviewer, and what was decided and is not done; exit code 1 where anything is late",
    )
    .addHelpText("after", LIST_HELP)
    .action(async (_: object, command: Command) => {
      const [word] = command.args;
      if (word !== undefined)
        throw new Refusal("invalid-input", `latchkey reviews show ${word} shows one review`);
      finish(await list(command.optsWithGlobals<ListOptions>(), world));
    });
  reviews
    .command("create <name>")
    .description("choose what is reviewed, and freeze it as it is now")
    .option("--root", "all root access: accounts that are root or may become it, and their grants")
    .option("--tag <tag>", "with --root: only on hosts, or accounts, with this tag")
    .option("--environment <name>", "with --root: only where this environment holds")
    .option("--team <owner>", "all that this owner answers for")
    .option("--no-owner", "everything without an owner")
    .option("--by-owner", "whoever answers for an account decides on it")
    .option(
      "--otherwise <name>",
      "with --by-owner: who decides where nobody answers, or on an owner's own access",
    )
    .option(
      "--reviewer <name>",
      "who decides; the next one where it is their own access (repeatable)",
      collect,
    )
    .requiredOption("--until <date>", "the day by whose end it is due, such as 2027-01-31")
    .addHelpText("after", CREATE_HELP)
    .action((name: string, _: object, command: Command) =>
      create(name, command.optsWithGlobals<CreateOptions>(), world),
    );
  reviews
    .command("show <name> [item]")
    .description("show a review and its items, or all that is known of one item")
    .option("--reviewer <name>", "only the items of this reviewer")
    .addOption(new Option("--state <state>", "only items in this state").choices(ReviewItemState.options))
    .option("--limit <rows>", "show at most this many items", wholeNumber(1, 1_000_000))
    .addHelpText("after", SHOW_HELP)
    .action((name: string, item: string | undefined, _: object, command: Command) =>
      show(name, item, command.optsWithGlobals<ShowOptions>(), world),
    );
  addReviewActions(reviews, session);
  addReviewEvidence(reviews, session);
}

const HELP = `
A review asks of each grant and account whether it stays. It is frozen when it is created: what reviewers see is what
was known then. What they revoke is planned (latchkey reviews plan), and an item is closed only once a later scan
has shown that it is gone. Nobody decides to keep their own access.

Examples:
  latchkey reviews create root-2027q1 --root --environment production --reviewer ann --reviewer bob --until 2027-01-31
  latchkey reviews show root-2027q1 --state open
  latchkey reviews decide root-2027q1 1-12 --keep --reason "on call"
  latchkey reviews decide root-2027q1 13 --revoke --reason "moved to another team"
  latchkey reviews plan root-2027q1 --apply
  latchkey scan root@web1.example
  latchkey reviews evidence root-2027q1 --out evidence --sign ~/.ssh/id_ed25519`;

const LIST_HELP = `
Without "list" it is the same: latchkey reviews --due.

Examples:
  latchkey reviews list
  latchkey reviews list --due

With --json: { reviews: [{ name, selection, deciders, createdAt, dueAt, endedAt, items, decided }] }; with --due:
{ due: [{ review, dueAt, isLate, reviewer, items, decided }], undone: [{ review, isOver, isLate, unplanned, planned }] }`;

const CREATE_HELP = `
Accounts of the operating system itself are no items; grants that open them are. What cannot log in for certain is
none either. An account of which it is not known whether it becomes root counts as root access.

Examples:
  latchkey reviews create shop --team "team shop" --by-owner --otherwise ann --until 2027-01-31
  latchkey reviews create orphans --no-owner --reviewer ann --reviewer bob --until 2027-01-31

With --json: { review }`;

const SHOW_HELP = `
States:
${ReviewItemState.options.map((state) => `  ${state.padEnd(11)} ${STATE_MEANINGS[state]}`).join("\n")}

Examples:
  latchkey reviews show root-2027q1 --reviewer ann --state open
  latchkey reviews show root-2027q1 13

With --json: { review, items, total }; of one item: { item }`;

type Due = ReviewerProgress & { review: string; dueAt: Instant; isLate: boolean };

/** What was decided and is not done. */
type Undone = { review: string; isOver: boolean; isLate: boolean; unplanned: number; planned: number };

async function list({ due = false, ...options }: ListOptions, world: World): Promise<number> {
  await using app = await openApp(options, world, "read");
  const { client } = app;
  const { rows } = await listRows(undefined, (page) => client.reviews.list({ ...page }));
  if (due) return await listDue(rows, client, options, world);
  if (options.json) printJson({ reviews: rows.map(({ id: _, ...review }) => review) }, world);
  else if (rows.length === 0) world.out("there is no review yet; latchkey reviews create begins one");
  else world.out(printTable(columnsAt(world.now()), rows, world));
  return 0;
}

/** Who has not decided on everything, and what was decided and is not done, the most urgent first. */
async function listDue(
  rows: readonly ReviewRow[],
  client: LatchkeyClient,
  options: CommonOptions,
  world: World,
): Promise<number> {
  const now = toInstant(world.now());
  const due: Due[] = [];
  const undone: Undone[] = [];
  for (const { name: review, dueAt, endedAt } of rows.toReversed()) {
    const { reviewers, states } = await client.reviews.find({ review });
    const isOver = endedAt !== null;
    const left = reviewers.filter(({ items, decided }) => !isOver && decided < items);
    due.push(...left.map((one) => ({ review, dueAt, isLate: dueAt < now, ...one })));
    const counts = countUndone(states);
    const isLate = counts.unplanned > 0 && (isOver || dueAt < now);
    if (counts.unplanned + counts.planned > 0) undone.push({ review, isOver, isLate, ...counts });
  }
  if (options.json)
    printJson({ due: due.map(({ name: reviewer, ...one }) => ({ ...one, reviewer })), undone }, world);
  else printDue(due, undone, world);
  return [...due, ...undone].some(({ isLate }) => isLate) ? 1 : 0;
}

function printDue(due: readonly Due[], undone: readonly Undone[], world: World): void {
  if (due.length === 0) world.out("nobody has to decide on anything");
  else world.out(printTable(DUE_COLUMNS, due, world));
  if (undone.length > 0) world.out(`\n${printTable(UNDONE_COLUMNS, undone, world)}`);
}

const UNDONE_COLUMNS: Column<Undone>[] = [
  { head: "REVIEW", cell: ({ review, isOver }) => `${review}${isOver ? ", ended" : ""}` },
  {
    head: "NOT DONE",
    cell: formatUndone,
    style: ({ isLate }) => (isLate ? "red" : null),
  },
  {
    head: "NEXT",
    cell: ({ review, unplanned }) =>
      unplanned > 0 ? `latchkey reviews plan ${review}` : `latchkey reviews show ${review} --state planned`,
  },
];

const DUE_COLUMNS: Column<Due>[] = [
  {
    head: "DUE",
    cell: ({ dueAt, isLate }) => `${dueAt.slice(0, 10)}${isLate ? ", late" : ""}`,
    style: ({ isLate }) => (isLate ? "red" : null),
  },
  { head: "REVIEW", cell: ({ review }) => review },
  { head: "REVIEWER", cell: ({ name }) => name, cut: "middle" },
  {
    head: "OPEN",
    cell: ({ items, decided }) => `${formatNumber(items - decided)} of ${formatNumber(items)}`,
  },
];

const columnsAt = (now: Date): Column<ReviewRow>[] => [
  { head: "REVIEW", cell: ({ name }) => name },
  {
    head: "DUE",
    cell: ({ dueAt, endedAt }) => (endedAt === null ? dueAt.slice(0, 10) : `ended ${endedAt.slice(0, 10)}`),
    style: ({ dueAt, endedAt }) => (endedAt === null && dueAt < toInstant(now) ? "red" : null),
  },
  { head: "DECIDED", cell: ({ items, decided }) => `${formatNumber(decided)} of ${formatNumber(items)}` },
  { head: "WHAT", cell: ({ selection }) => formatSelection(selection), cut: "end" },
  { head: "WHO", cell: ({ deciders }) => formatDeciders(deciders), cut: "end", leaves: 1 },
];

async function create(name: string, options: CreateOptions, world: World): Promise<void> {
  const request = {
    name,
    selection: toSelection(options),
    deciders: toDeciders(options),
    dueAt: toDue(options.until),
  };
  await using app = await openApp(options, world, "write");
  const review = await app.client.reviews.create(request);
  if (options.json) return printJson({ review }, world);
  world.out(printable(formatReview(review)));
  for (const { name: who, isUnknown } of review.reviewers)
    if (isUnknown) world.err(printable(`latchkey: ${who} is ${UNKNOWN_REVIEWER}`));
  world.out(`next: latchkey reviews show ${name}; each reviewer decides by ${review.dueAt.slice(0, 10)}`);
}

function toSelection({ root, tag, environment, team, owner }: CreateOptions): ReviewSelection {
  const chosen: ReviewSelection[] = [
    ...(root ? [{ kind: "root" as const, tag: tag ?? null, environment: environment ?? null }] : []),
    ...(team === undefined ? [] : [{ kind: "owner" as const, owner: team }]),
    ...(owner === false ? [{ kind: "no-owner" as const }] : []),
  ];
  const [selection, other] = chosen;
  if (!selection || other)
    throw new Refusal("invalid-input", "choose what is reviewed by one of --root, --team and --no-owner");
  if ((tag ?? environment) !== undefined && !root)
    throw new Refusal("invalid-input", "--tag and --environment narrow --root; add it");
  return selection;
}

function toDeciders({ reviewer: names = [], byOwner, otherwise }: CreateOptions): ReviewDeciders {
  if (byOwner && names.length === 0) return { kind: "owner", otherwise: otherwise ?? null };
  if (byOwner || names.length === 0 || otherwise !== undefined)
    throw new Refusal(
      "invalid-input",
      "say who decides: --reviewer NAME, or --by-owner with --otherwise NAME for what has no owner",
    );
  return { kind: "named", names };
}

/** The end of a day in UTC. */
function toDue(day: string): Instant {
  const time = Date.parse(`${day}T23:59:59Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(time) || toInstant(new Date(time)).slice(0, 10) !== day)
    throw new Refusal("invalid-input", `--until ${day} is not a date; write it as 2027-01-31`);
  return toInstant(new Date(time));
}

/** A review in a line. */
export function formatReview({
  name,
  selection,
  items,
  decided,
  dueAt,
  endedAt,
  reviewers,
  leftOut,
}: ReviewDetail): string {
  const until = endedAt === null ? `due ${dueAt.slice(0, 10)}` : `ended ${endedAt.slice(0, 10)}`;
  const who = formatCount(reviewers.length, "reviewer");
  return `${name}: ${formatSelection(selection)}; ${formatCount(items, "item")}, ${formatNumber(decided)} decided, ${who}, ${until}${leftOut > 0 ? `; ${formatLeftOut(leftOut)}` : ""}`;
}

async function show(
  name: string,
  item: string | undefined,
  options: ShowOptions,
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { client } = app;
  if (item !== undefined) return showItem(await findItem(client, name, item), options, world);
  const review = await client.reviews.find({ review: name });
  const { reviewer = null, state = null, limit = options.json ? undefined : 100 } = options;
  const filter = { review: name, reviewer, state };
  const { rows, total } = await listRows(limit, (page) => client.reviews.items({ ...filter, ...page }));
  if (options.json) return printJson({ review, items: rows, total }, world);
  world.out(printable(formatReview(review)));
  for (const one of review.reviewers)
    world.out(
      printable(
        `  ${one.name}: ${formatNumber(one.decided)} of ${formatNumber(one.items)} decided${one.isUnknown ? `; ${UNKNOWN_REVIEWER}` : ""}`,
      ),
    );
  for (const { planId, run } of review.plans)
    world.out(`  plan ${planId}: ${run === null ? "not applied" : `run ${run.id} ${run.state}`}`);
  world.out("");
  if (rows.length === 0) return world.out("no item matches");
  world.out(printTable(ITEM_COLUMNS, rows, world));
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`\n${formatTotal(total, "item")}${shown}; in all: ${formatStates(review.states)}`);
}

const ITEM_COLUMNS: Column<ReviewItem>[] = [
  { head: "ITEM", cell: ({ item }) => String(item) },
  { head: "WHAT", cell: ({ evidence }) => formatReviewed(evidence), cut: "middle" },
  {
    head: "STATE",
    cell: formatOutcomeOf,
    style: ({ state }) =>
      state === "closed" || state === "kept" ? "green" : state === "open" ? "yellow" : null,
  },
  { head: "REVIEWER", cell: ({ reviewer }) => reviewer, cut: "middle", leaves: 2 },
  {
    head: "DECISION",
    cell: ({ decision }) => (decision === null ? "" : formatDecision(decision)),
    cut: "end",
    leaves: 1,
  },
];

/** One item of a review, by its number. */
async function findItem(client: LatchkeyClient, review: string, text: string): Promise<ReviewItem> {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number < 1)
    throw new Refusal(
      "invalid-input",
      `${text} is no item; latchkey reviews show ${review} has their numbers`,
    );
  return client.reviews.item({ review, item: number });
}

function showItem(item: ReviewItem, options: CommonOptions, world: World): void {
  if (options.json) {
    printJson({ item }, world);
    return;
  }
  world.out(printable(`${item.item}: ${formatReviewed(item.evidence)}`));
  const facts = [
    ...listFacts(item.evidence),
    { name: "Reviewer", value: item.reviewer },
    { name: "Decision", value: item.decision === null ? "none yet" : formatDecision(item.decision) },
    { name: "State", value: formatOutcomeOf(item) },
    ...(item.waitsFor && item.state !== "planned"
      ? [{ name: "By the last scan", value: formatWait(item.waitsFor) }]
      : []),
  ];
  const width = Math.max(...facts.map(({ name }) => name.length));
  for (const { name, value } of facts) world.out(printable(`  ${name.padEnd(width)}  ${value}`));
}
