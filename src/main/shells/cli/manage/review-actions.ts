import { stat, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { MOST_DECIDED } from "#shared/contract/access/reviews.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { ImportedAnswer, PlanWhat, ReviewChoice, ReviewItemState } from "#shared/model/access/review.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { REFUSED_WORDS, SOURCE_WORDS, UNPLANNED_WORDS } from "#shared/text/access/review.ts";
import { parseNumbers } from "#shared/text/access/review-numbers.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { change } from "#shells/cli/change/rotate-apply.ts";
import { addAccessOptions, CHANGE_ENDS, type ChangeOptions } from "#shells/cli/change/rotate-options.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { listRows } from "#shells/cli/print-table.ts";
import type { Session, World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type Choice = CommonOptions & { open?: boolean; reviewer?: string };
type DecideOptions = Choice & { keep?: boolean; revoke?: boolean; reassign?: string; reason: string };
type AssignOptions = Choice & { to: string };

/** What changes a review, and what is done of it. */
export function addReviewActions(reviews: Command, { world, finish }: Session): void {
  const choosing = (command: Command): Command =>
    command
      .option("--open", "all items of which nobody has decided")
      .option("--reviewer <name>", "with --open: only those of this reviewer");
  choosing(
    reviews.command("decide <name> [item...]").description("decide on items: keep, revoke or reassign"),
  )
    .option("--keep", "it stays")
    .option("--revoke", "it goes")
    .option("--reassign <owner>", "it stays, and somebody else answers for its account")
    .requiredOption("--reason <text>", "why")
    .addHelpText("after", DECIDE_HELP)
    .action((name: string, items: string[], _: object, command: Command) =>
      decide(name, items, command.optsWithGlobals<DecideOptions>(), world),
    );
  choosing(reviews.command("assign <name> [item...]").description("have somebody else decide on items"))
    .requiredOption("--to <name>", "who decides from now on")
    .action((name: string, items: string[], _: object, command: Command) =>
      assign(name, items, command.optsWithGlobals<AssignOptions>(), world),
    );
  addFiles(reviews, { world, finish });
  addAccessOptions(
    reviews
      .command("plan <name>")
      .description("plan that what was revoked goes, and set the owners that were named")
      .option("--accounts", "disable the accounts that were revoked, with the grants that open them")
      .option("--except <items>", "leave these items out, such as 13,20-25; they stay to be revoked")
      .option(
        "--watch <days>",
        "with --accounts: days in which the logs are watched for uses, before somebody decides (default: 30)",
        wholeNumber(0, 365),
      ),
  )
    .addHelpText("after", PLAN_HELP + CHANGE_ENDS)
    .action(async (name: string, _: object, command: Command) =>
      finish(await plan(name, command, command.optsWithGlobals<PlanningOptions>(), world)),
    );
  reviews
    .command("end <name>")
    .description("end a review: it takes no more decisions")
    .action((name: string, _: object, command: Command) =>
      end(name, command.optsWithGlobals<CommonOptions>(), world),
    );
}

function addFiles(reviews: Command, { world, finish }: Session): void {
  reviews
    .command("export <name>")
    .description("write one file for a reviewer, who decides without Latchkey")
    .requiredOption("--for <reviewer>", "the reviewer, as latchkey reviews show names them")
    .requiredOption("--out <file>", "the file, an HTML page that needs no network")
    .addHelpText("after", EXPORT_HELP)
    .action((name: string, _: object, command: Command) =>
      exportPage(name, command.optsWithGlobals<ExportOptions>(), world),
    );
  reviews
    .command("import <file>")
    .description("import the answer that a reviewer's page has saved")
    .option("--signature <file>", "its signature (default: FILE.sig, where there is one)")
    .option("--unsigned", "accept an answer that its reviewer is not known to have signed; it stays marked")
    .addHelpText("after", IMPORT_HELP)
    .action(async (file: string, _: object, command: Command) =>
      finish(await importAnswer(file, command.optsWithGlobals<ImportOptions>(), world)),
    );
}

const EXPORT_HELP = `
It has what the reviewer has not decided, at most 2,000 items.

Example:
  latchkey reviews export root-2027q1 --for ann --out ann.html`;

const IMPORT_HELP = `
The reviewer signs the answer with a key that a people source has as theirs alone:
  ssh-keygen -Y sign -n latchkey-review -f ~/.ssh/id_ed25519 root-2027q1-ann.answer.json

Examples:
  latchkey reviews import root-2027q1-ann.answer.json
  latchkey reviews import root-2027q1-ann.answer.json --unsigned

Exit codes: 0 all counts; 1 some of it does not, and it says why; 2 none of it.
With --json: { review, reviewer, source, fingerprint, isLate, accepted, same, refused: [{ item, why }] }`;

const DECIDE_HELP = `
ITEM is a number or a range, as latchkey reviews show numbers them. What is decided here is marked as typed, with who
typed it. A later decision on an item takes the place of an earlier one; the evidence has both.

Examples:
  latchkey reviews decide root-2027q1 4 7-12 --keep --reason "on call"
  latchkey reviews decide root-2027q1 --open --reviewer ann --revoke --reason "nobody has answered"
  latchkey reviews decide root-2027q1 13 --reassign "team mail" --reason "moved with the host"

With --json: { decided }`;

const PLAN_HELP = `
One plan removes all grants that were revoked and are in no plan yet. With --accounts, one plan disables all accounts that
were revoked, with the grants that open these (latchkey disable --help says how). A plan that nobody has applied gives
way to the next one. One that a check refuses holds nothing: leave out the items that it names, and plan the rest. A plan
closes nothing: scan the hosts as root afterwards.

Examples:
  latchkey reviews plan root-2027q1
  latchkey reviews plan root-2027q1 --apply --identity ~/.ssh/id_ed25519
  latchkey reviews plan root-2027q1 --except 13,20-25 --apply
  latchkey reviews plan root-2027q1 --accounts --watch 14 --apply`;

type PlanningOptions = ChangeOptions & { accounts?: boolean; watch?: number; except?: string };

/** Days in which logs are watched, unless somebody says otherwise; the same as of latchkey disable. */
const WATCH_DAYS = 30;

async function decide(
  name: string,
  words: readonly string[],
  options: DecideOptions,
  world: World,
): Promise<void> {
  const { choice, to } = toChoice(options);
  await using app = await openApp(options, world, "write");
  const items = await chooseItems(app.client, name, words, options);
  let decided = 0;
  for (const part of partsOf(items)) {
    const request = { review: name, items: part, choice, to, reason: options.reason };
    decided += (await app.client.reviews.decide(request)).decided;
  }
  if (options.json) return printJson({ decided }, world);
  world.out(`${formatCount(decided, "item")} decided: ${choice}`);
}

function toChoice({ keep, revoke, reassign }: DecideOptions): { choice: ReviewChoice; to: string | null } {
  const chosen: { choice: ReviewChoice; to: string | null }[] = [
    ...(keep ? [{ choice: "keep" as const, to: null }] : []),
    ...(revoke ? [{ choice: "revoke" as const, to: null }] : []),
    ...(reassign === undefined ? [] : [{ choice: "reassign" as const, to: reassign }]),
  ];
  const [choice, other] = chosen;
  if (choice && !other) return choice;
  throw new Refusal("invalid-input", "decide by one of --keep, --revoke and --reassign OWNER");
}

async function assign(
  name: string,
  words: readonly string[],
  options: AssignOptions,
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "write");
  const items = await chooseItems(app.client, name, words, options);
  let assigned = 0;
  for (const part of partsOf(items))
    assigned += (await app.client.reviews.assign({ review: name, items: part, to: options.to })).assigned;
  if (options.json) return printJson({ assigned }, world);
  world.out(printable(`${options.to} decides on ${formatCount(assigned, "item")} from now on`));
}

const partsOf = (items: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(items.length / MOST_DECIDED) }, (_, part) =>
    items.slice(part * MOST_DECIDED, (part + 1) * MOST_DECIDED),
  );

/** The items that are named, or all that are open. */
async function chooseItems(
  client: LatchkeyClient,
  review: string,
  words: readonly string[],
  { open = false, reviewer = null }: { open?: boolean; reviewer?: string | null },
): Promise<number[]> {
  if (open === words.length > 0 || (reviewer !== null && !open))
    throw new Refusal(
      "invalid-input",
      "name items, such as 4 or 7-12, or use --open, with --reviewer or without",
    );
  if (!open) return parseNumbers(words.join(","));
  const query = { review, reviewer, state: "open" as const };
  const { rows } = await listRows(undefined, (page) => client.reviews.items({ ...query, ...page }));
  if (rows.length === 0) throw new Refusal("not-found", `review ${review} has no such item that is open`);
  return rows.map(({ item }) => item);
}

async function plan(name: string, command: Command, options: PlanningOptions, world: World): Promise<number> {
  if (typeof options.apply === "string")
    throw new Refusal(
      "invalid-input",
      `the plan of a review is made anew; apply the one of ${options.apply} by: latchkey ${options.accounts ? "disable" : "grants remove"} --apply ${options.apply}`,
    );
  if (options.watch !== undefined && !options.accounts)
    throw new Refusal("invalid-input", "--watch is for accounts; add --accounts");
  const what = options.accounts ? "accounts" : "grants";
  const except = options.except === undefined ? [] : parseNumbers(options.except);
  if (!(await hasWork(name, options, world))) {
    await using app = await openApp(options, world, "write");
    const { planId: _, ...done } = await app.client.reviews.plan({ review: name, what, except });
    if (options.json) printJson(done, world);
    else printDone(name, { ...done, what }, world);
    return 0;
  }
  return change(
    {
      command,
      kinds: options.accounts ? ["disable-account"] : ["remove-grants"],
      isNamed: true,
      beginPlan: async (client, input) => {
        const { planId, ...done } = await client.reviews.plan({ review: name, what, except, ...input });
        if (!options.json) printDone(name, { ...done, what }, world);
        if (planId === null) throw new Refusal("conflict", `review ${name} has nothing to plan here`);
        return { planId };
      },
    },
    options.accounts ? { ...options, grace: options.watch ?? WATCH_DAYS } : options,
    world,
  );
}

/** Something is to be planned, or was planned and not applied: the latter is planned anew. */
async function hasWork(name: string, options: PlanningOptions, world: World): Promise<boolean> {
  await using app = await openApp(options, world, "read");
  const { states } = await app.client.reviews.find({ review: name });
  const of: readonly ReviewItemState[] = [options.accounts ? "to-disable" : "to-revoke", "planned"];
  return states.some(({ state }) => of.includes(state));
}

type Done = Omit<Awaited<ReturnType<LatchkeyClient["reviews"]["plan"]>>, "planId"> & { what: PlanWhat };

const MOST_ACCOUNTS = 20;

function printDone(name: string, done: Done, world: World): void {
  const { what, grants, reassigned, accounts, leftOut, unplanned } = done;
  if (what === "grants" && grants === 0)
    world.err(`latchkey: review ${name} has no grant to revoke that is not planned yet`);
  if (what === "accounts" && accounts === 0)
    world.err(`latchkey: review ${name} has no account to disable that is not planned yet`);
  if (leftOut > 0)
    world.err(
      `latchkey: ${formatCount(leftOut, "item")} left out, to which nothing is done: latchkey reviews show ${name} lists what is to be revoked`,
    );
  if (reassigned > 0) world.err(`latchkey: ${formatCount(reassigned, "account")} reassigned`);
  if (what === "grants" && accounts > 0)
    world.err(
      `latchkey: ${formatCount(accounts, "account")} to disable, with the grants that open ${accounts === 1 ? "it" : "them"}: latchkey reviews plan ${name} --accounts`,
    );
  for (const { why, ...account } of unplanned.slice(0, MOST_ACCOUNTS))
    world.err(printable(`latchkey: ${formatAccount(account)} ${UNPLANNED_WORDS[why]}`));
  if (unplanned.length > MOST_ACCOUNTS)
    world.err(`latchkey: and ${formatNumber(unplanned.length - MOST_ACCOUNTS)} accounts more`);
}

async function end(name: string, options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const review = await app.client.reviews.end({ review: name });
  if (options.json) return printJson({ review }, world);
  const open = review.items - review.decided;
  world.out(
    `review ${name} has ended; ${open === 0 ? "all is decided" : `nobody has decided on ${formatCount(open, "item")}`}`,
  );
}

type ExportOptions = CommonOptions & { for: string; out: string };
type ImportOptions = CommonOptions & { signature?: string; unsigned?: boolean };

async function exportPage(name: string, options: ExportOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { html, items } = await app.client.reviews.export({ review: name, reviewer: options.for });
  await writeFile(options.out, html, { mode: 0o600 });
  if (options.json) return printJson({ file: options.out, items }, world);
  world.out(printable(`written to ${options.out}: ${formatCount(items, "item")} for ${options.for}`));
}

const MOST_ANSWER_BYTES = 5 * 1024 * 1024;
const MOST_SIGNATURE_BYTES = 16 * 1024;

async function importAnswer(file: string, options: ImportOptions, world: World): Promise<number> {
  const bytes = await readFileOrRefuse(file, MOST_ANSWER_BYTES);
  if (bytes === null) throw new Refusal("too-many", `${file} is too large for an answer`);
  const signature = await readSignature(file, options.signature);
  await using app = await openApp(options, world, "write");
  const acceptsUnsigned = options.unsigned ?? false;
  const base64 = Buffer.from(bytes).toString("base64");
  const imported = await app.client.reviews.import({ base64, signature, acceptsUnsigned });
  if (options.json) printJson(imported, world);
  else printImported(imported, world);
  return imported.refused.length > 0 ? 1 : 0;
}

/** Null where none is named, and none lies beside the file. */
async function readSignature(file: string, named: string | undefined): Promise<string | null> {
  const path = named ?? `${file}.sig`;
  if (named === undefined && !(await stat(path).catch(() => null))) return null;
  const bytes = await readFileOrRefuse(path, MOST_SIGNATURE_BYTES);
  if (bytes === null) throw new Refusal("too-many", `${path} is too large for a signature`);
  return Buffer.from(bytes).toString("latin1");
}

function printImported(imported: ImportedAnswer, world: World): void {
  const { review, reviewer, source, isLate, accepted, same, refused } = imported;
  const marks = `${SOURCE_WORDS[source]}${isLate ? ", late" : ""}`;
  const before = same > 0 ? `; ${formatNumber(same)} were decided so before` : "";
  world.out(printable(`${review}: ${formatCount(accepted, "decision")} by ${reviewer}, ${marks}${before}`));
  for (const { item, why } of refused)
    world.err(`latchkey: item ${item} stays as it was: ${REFUSED_WORDS[why]}`);
}
