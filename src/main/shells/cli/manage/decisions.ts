import { type Command, Option } from "commander";
import { MOST_APPROVED } from "#shared/contract/changes.ts";
import { MOST_ACCEPTED, OptionalRule } from "#shared/contract/findings.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { AccountRow } from "#shared/model/access/account.ts";
import type { GrantRow } from "#shared/model/access/grant.ts";
import type { Finding, RuleId } from "#shared/model/finding.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan, type Total } from "#shared/model/total.ts";
import { formatAmount, formatCount, formatNumber } from "#shared/text/count.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { listRows } from "#shells/cli/print-table.ts";
import { asRule } from "#shells/cli/report/findings.ts";
import { MORE, type Session, type World } from "#shells/cli/session.ts";

type GrantChoice = CommonOptions & {
  accounts?: boolean;
  host?: string;
  account?: string;
  fingerprint?: string;
  unapproved?: boolean;
  all?: boolean;
};

type ApproveOptions = GrantChoice & { owner: string; purpose: string; review?: string };

export function addApprove(program: Command, { world }: Session): void {
  choosingGrants(program.command("approve [filter...]"))
    .description("approve grants or accounts: who answers for them, and what they are for")
    .requiredOption("--owner <name>", "who answers for it")
    .requiredOption("--purpose <text>", "what it is for")
    .option("--review <day>", "the day of the next review, such as 2027-01-31; from then on it is a finding")
    .addHelpText("after", APPROVE_HELP)
    .action((words: string[], _: object, command: Command) =>
      approve(words, command.optsWithGlobals<ApproveOptions>(), world),
    );
  choosingGrants(program.command("unapprove [filter...]"))
    .description("withdraw approvals")
    .action((words: string[], _: object, command: Command) =>
      unapprove(words, command.optsWithGlobals<GrantChoice>(), world),
    );
}

const choosingGrants = (command: Command): Command =>
  command
    .helpGroup(MORE)
    .option("--accounts", "accounts, instead of grants")
    .option("--host <name>", "only grants or accounts on this host")
    .option("--account <name>", "only grants for this account")
    .option("--fingerprint <fingerprint>", "only grants of this key")
    .option("--unapproved", "only what is new since the baseline and not approved")
    .option("--all", "all that match, if there are several");

const APPROVE_HELP = `
FILTER selects grants as in latchkey access: the row must contain every word. An approval is for one exact
line: it still holds after the line moves, but not after it is edited. With --accounts FILTER selects accounts as in
latchkey accounts, and an approval is for one name and number; the owner becomes that of the account.

Examples:
  latchkey approve --host web1 backup@nas --owner "Ann Moore" --purpose backups --review 2027-01-31
  latchkey approve --unapproved --all --owner "Ann Moore" --purpose "new team, ticket 812"
  latchkey approve --accounts --host web1 backup --owner "Ann Moore" --purpose backups
  latchkey unapprove --fingerprint SHA256:2vN...`;

async function approve(words: readonly string[], options: ApproveOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const chosen = await choose(words, { options, client: app.client });
  const { owner, purpose, review = null } = options;
  const { approved } = await app.client.changes.approve({ ...chosen.ids, owner, purpose, reviewOn: review });
  if (options.json) return printJson({ approved }, world);
  for (const line of chosen.lines) world.out(line);
  const one = options.accounts ? "account" : "grant";
  world.out(`${formatCount(approved, one)} approved; owner: ${printable(owner)}`);
}

type Chosen = { ids: { grants: number[] } | { accounts: number[] }; lines: string[]; isApproved: boolean };
type Choosing = { options: GrantChoice; client: LatchkeyClient };

async function choose(words: readonly string[], choosing: Choosing): Promise<Chosen> {
  if (choosing.options.accounts) {
    const rows = await chooseAccounts(words, choosing);
    const lines = rows.map(({ name, host, port, uid }) =>
      printable(`${formatAccount({ account: name, host, port })} (uid ${uid})`),
    );
    return { ids: { accounts: rows.map(({ id }) => id) }, lines, isApproved: true };
  }
  const rows = await chooseGrants(words, choosing);
  const isApproved = rows.some(({ approval }) => approval !== null);
  return { ids: { grants: rows.map(({ id }) => id) }, lines: rows.map(formatGrant), isApproved };
}

/** One account, or with --all all that match. */
async function chooseAccounts(
  words: readonly string[],
  { options, client }: Choosing,
): Promise<AccountRow[]> {
  const { host = null, unapproved = false, all = false, account, fingerprint } = options;
  if (account !== undefined || fingerprint !== undefined)
    throw new Refusal(
      "invalid-input",
      "--account and --fingerprint select grants; name an account as a filter",
    );
  const filter = { search: words.join(" "), host, unapproved };
  const { rows, total } = await listRows(MOST_APPROVED, (page) =>
    client.accounts.list({ ...filter, ...page }),
  );
  if (total === 0) throw new Refusal("not-found", "no account matches; latchkey accounts lists them");
  refuseMany(total, { one: "account", all });
  return rows;
}

function refuseMany(total: Total, { one, all }: { one: string; all: boolean }): void {
  if (isMoreThan(total, 1) && !all)
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} ${one}s match; narrow the filter, or use --all`,
    );
  if (isMoreThan(total, MOST_APPROVED))
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} ${one}s match; at most ${formatNumber(MOST_APPROVED)} can be approved at once`,
    );
}

async function unapprove(words: readonly string[], options: GrantChoice, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { ids, isApproved } = await choose(words, { options, client: app.client });
  const { withdrawn } = isApproved ? await app.client.changes.unapprove(ids) : { withdrawn: 0 };
  if (options.json) return printJson({ withdrawn }, world);
  world.out(
    withdrawn === 0 ? "none of them was approved" : `${formatCount(withdrawn, "approval")} withdrawn`,
  );
}

/** One grant, or with --all all that match. */
async function chooseGrants(words: readonly string[], { options, client }: Choosing): Promise<GrantRow[]> {
  const { host = null, account = null, fingerprint = null, unapproved = false, all = false } = options;
  const filter = { search: words.join(" "), host, account, fingerprint, unapproved };
  const { rows, total } = await listRows(MOST_APPROVED, (page) => client.access.list({ ...filter, ...page }));
  if (total === 0) throw new Refusal("not-found", "no grant matches; latchkey access lists them");
  refuseMany(total, { one: "grant", all });
  return rows;
}

const formatGrant = ({ host, account, file, line, comment, fingerprint }: GrantRow): string =>
  printable(`${account} on ${host}: ${comment || (fingerprint ?? "a line without a key")} (${file}:${line})`);

type FindingChoice = CommonOptions & { rule?: RuleId; host?: string; all?: boolean };
type AcceptOptions = FindingChoice & { until: string; reason: string };

export function addAccept(program: Command, { world }: Session): void {
  choosingFindings(program.command("accept [filter...]"))
    .description("accept findings until a day, with a reason")
    .requiredOption("--until <day>", "the day on which they count again, such as 2027-01-31")
    .requiredOption("--reason <text>", "why they are accepted")
    .addHelpText("after", ACCEPT_HELP)
    .action((words: string[], _: object, command: Command) =>
      accept(words, command.optsWithGlobals<AcceptOptions>(), world),
    );
  choosingFindings(program.command("unaccept [filter...]"))
    .description("withdraw acceptances")
    .action((words: string[], _: object, command: Command) =>
      unaccept(words, command.optsWithGlobals<FindingChoice>(), world),
    );
}

const choosingFindings = (command: Command): Command =>
  command
    .helpGroup(MORE)
    .option("--rule <rule>", "only this rule, such as certificate-expired", asRule)
    .option("--host <name>", "only findings on this host")
    .option("--all", "all that match, if there are several");

const ACCEPT_HELP = `
FILTER selects findings as in latchkey findings: the row must contain every word. An acceptance is for one rule and
one object, and covers the locations, accounts or certificates that the finding names at that moment. It ends on its
day, or when the finding comes to name another one. Accepted findings are not counted, and --fail-on ignores them.

Examples:
  latchkey accept --rule certificate-self-signed --host lab1 --until 2027-01-31 --reason "a test machine"
  latchkey accept --rule certificate-expired --all --until 2026-12-31 --reason "ticket 812"
  latchkey unaccept --host lab1`;

async function accept(words: readonly string[], options: AcceptOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const chosen = await chooseFindings(words, { options, client: app.client, accepted: false });
  const { until, reason } = options;
  const { accepted } = await app.client.findings.accept({ ids: chosen.map(({ id }) => id), until, reason });
  if (options.json) return printJson({ accepted }, world);
  for (const finding of chosen) world.out(formatFinding(finding));
  world.out(`${formatCount(accepted, "finding")} accepted until ${printable(until)}`);
}

async function unaccept(words: readonly string[], options: FindingChoice, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const chosen = await chooseFindings(words, { options, client: app.client, accepted: true });
  const { withdrawn } = await app.client.findings.unaccept({ ids: chosen.map(({ id }) => id) });
  if (options.json) return printJson({ withdrawn }, world);
  for (const finding of chosen) world.out(formatFinding(finding));
  world.out(`${formatCount(withdrawn, "acceptance")} withdrawn`);
}

type Choice = { options: FindingChoice; client: LatchkeyClient; accepted: boolean };

/** One finding, or with --all all that match. */
async function chooseFindings(
  words: readonly string[],
  { options, client, accepted }: Choice,
): Promise<Finding[]> {
  const { rule = null, host = null, all = false } = options;
  const filter = { search: words.join(" "), rule, host, accepted };
  const { rows, total } = await listRows(MOST_ACCEPTED, (page) =>
    client.findings.list({ ...filter, ...page }),
  );
  if (total === 0)
    throw new Refusal(
      "not-found",
      `no finding matches; latchkey findings${accepted ? " --accepted" : ""} lists them`,
    );
  if (isMoreThan(total, 1) && !all)
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} findings match; narrow the filter, or use --all`,
    );
  if (isMoreThan(total, MOST_ACCEPTED))
    throw new Refusal(
      "invalid-input",
      `${formatAmount(total)} findings match; at most ${formatNumber(MOST_ACCEPTED)} can be accepted at once`,
    );
  return rows;
}

const formatFinding = ({ rule, label, host }: Finding): string =>
  printable(`${rule}: ${label}${host === null ? "" : ` on ${host}`}`);

type SetOptions = CommonOptions & { scan?: number };

export function addBaseline(program: Command, { world }: Session): void {
  const baseline = program
    .command("baseline")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("the scan that later grants are compared with")
    .addHelpText("after", BASELINE_HELP);
  baseline
    .command("set")
    .description("make a scan the baseline (default: the last one)")
    .option(
      "--scan <scan>",
      "the number of the scan, as latchkey changes shows it",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .action((_: object, command: Command) => setBaseline(command.optsWithGlobals<SetOptions>(), world));
  baseline
    .command("show")
    .description("show the baseline, and how many grants are new since then")
    .action((_: object, command: Command) => showBaseline(command.optsWithGlobals<CommonOptions>(), world));
  baseline
    .command("clear")
    .description("remove the baseline; approvals stay")
    .action((_: object, command: Command) => clearBaseline(command.optsWithGlobals<CommonOptions>(), world));
}

const BASELINE_HELP = `
A grant is unapproved when its exact line is not in the baseline, it may log in, and nobody has approved it:
latchkey access --unapproved lists them, and each is a finding.

Examples:
  latchkey baseline set
  latchkey access --unapproved
  latchkey approve --unapproved --host web1 --owner "Ann Moore" --purpose deploys`;

async function setBaseline({ scan, ...options }: SetOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const scanId = scan === undefined ? null : ScanId.parse(scan);
  const set = await app.client.changes.setBaseline({ scan: scanId });
  if (options.json) return printJson(set, world);
  world.out(`the baseline is scan ${set.scan} (${set.scannedAt})`);
}

async function showBaseline(options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const baseline = await app.client.changes.baseline();
  if (options.json) return printJson({ baseline }, world);
  if (baseline === null) return world.out("no baseline is set; set one: latchkey baseline set");
  world.out(`the baseline is scan ${baseline.scan} (${baseline.scannedAt})`);
  world.out(`${formatCount(baseline.unapproved, "grant")} new since then, and not approved`);
}

async function clearBaseline(options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { wasSet } = await app.client.changes.clearBaseline();
  if (options.json) return printJson({ wasSet }, world);
  world.out(wasSet ? "the baseline is removed" : "no baseline was set");
}

type RuleOptions = CommonOptions & { on?: OptionalRule; off?: OptionalRule };

export function addRules(program: Command, { world }: Session): void {
  program
    .command("rules")
    .helpGroup(MORE)
    .description("optional rules, which are off by default")
    .addOption(new Option("--on <rule>", "turn this rule on").choices(OptionalRule.options))
    .addOption(new Option("--off <rule>", "turn this rule off").choices(OptionalRule.options))
    .addHelpText("after", RULES_HELP)
    .action((_: object, command: Command) => runRules(command.optsWithGlobals<RuleOptions>(), world));
}

const RULES_HELP = `
certificate-changed reports endpoints whose certificate was replaced by something other than a Latchkey run, for
thirty days.

Examples:
  latchkey rules --on certificate-changed`;

async function runRules(options: RuleOptions, world: World): Promise<void> {
  const { on, off } = options;
  await using app = await openApp(options, world, on || off ? "write" : "read");
  const { turnRule, optionalRules } = app.client.findings;
  if (on) await turnRule({ rule: on, isOn: true });
  if (off) await turnRule({ rule: off, isOn: false });
  const rules = await optionalRules();
  if (options.json) return printJson({ rules }, world);
  for (const { rule, since } of rules)
    world.out(`${rule} (${formatRule(rule)}): ${since === null ? "off" : `on since ${since}`}`);
}
