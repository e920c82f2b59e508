import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { type Finding, RuleId, Severity } from "#shared/model/finding.ts";
import { Lens, LensItem, type LensItemReport, type LensReport, rulesOf } from "#shared/model/lens.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatAmount, formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { atLeast } from "#shared/text/findings/finding.ts";
import {
  countBySeverity,
  describeItem,
  formatFound,
  formatItem,
  formatLens,
  formatRuleGaps,
} from "#shared/text/findings/lens.ts";
import { formatCoverage, formatGaps } from "#shared/text/today.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import {
  type CommonOptions,
  days,
  findDefaultDatabase,
  printJson,
  wholeNumber,
} from "#shells/cli/options.ts";
import { type Column, listRows, paint, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { formatUndecided } from "./access.ts";

type Options = CommonOptions & {
  severity?: Severity;
  rule?: RuleId;
  lens?: Lens;
  item?: LensItem;
  host?: string;
  accepted?: boolean;
  details?: boolean;
  failOn?: Severity;
  maxAge?: number;
  limit?: number;
};

type FindingFilter = { rule: RuleId | null; item: LensItem | null; host: string | null; accepted: boolean };

export function addFindings(program: Command, { world, finish }: Session): void {
  program
    .command("findings [filter...]")
    .helpGroup(REPORT)
    .description("what needs attention, the most severe first")
    .addOption(
      new Option("--severity <severity>", "only findings of this severity").choices(Severity.options),
    )
    .option("--rule <rule>", "only this rule, such as certificate-expired", asRule)
    .addOption(
      new Option("--lens <standard>", "what is found for each item of a standard, and what cannot be seen")
        .choices(Lens.options)
        .conflicts(["severity", "rule", "item", "host", "accepted", "details", "limit"]),
    )
    .option("--item <item>", "only the rules of this item of a standard, such as NHI2", asItem)
    .option("--host <name>", "only findings on this host")
    .option("--accepted", "accepted findings instead of open ones")
    .option("--details", "evidence and remedy of each, instead of a table")
    .addOption(
      new Option("--fail-on <severity>", "exit 1 if there is a finding of this severity or higher").choices(
        Severity.options,
      ),
    )
    .option(
      "--max-age <days>",
      "exit 3 if a target could not be read, or was last read longer ago than 7d",
      days,
    )
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { lens } = options;
      finish(
        lens === undefined
          ? await listFindings(words, options, world)
          : await reportLens({ ...options, lens }, words, world),
      );
    });
}

const HELP = `
Accepted findings (latchkey accept) are not counted, and --fail-on ignores them. Grants that may be orphans, but for a host
that was not read completely, are no findings: standard error says how many there are.

Examples:
  latchkey findings --fail-on high             for a nightly job: exit 1 if a finding is high or critical
  latchkey findings --fail-on high --max-age 7d   the same, and exit 3 where that is not known of each target as of this week
  latchkey findings --host web1.example        what is wrong with one host
  latchkey findings --details CN=shop.example  what to do about one certificate
  latchkey findings --accepted                 what was accepted, why, and until when
  latchkey findings --lens owasp-nhi           what the OWASP Non-Human Identities Top 10 demands, and what is found
  latchkey findings --item NHI2                the findings of one item of it

A finding about a chain, or about whether a certificate is valid, names the profile it was evaluated against: rfc5280,
webpki or clients. So is a certificate that breaks a rule of its profile: rejected by every client (certificate-invalid),
by some (certificate-against-profile) or by none (issuer-against-profile: one finding per issuer and broken rule).

With --json: { findings: [{ id, rule, severity, sentence, evidence, remedy, reference, profile, brokenRules: [{ code, rule:
{ profile, section }, acceptedBy }], object, label, host, firstSeen, acceptance }], total }
With --lens and --json: { lens, items: [{ item, title, demand, unseen, rules: [{ rule, gap, hostGap, endpointGap }],
found: [{ rule, severity, count }] }], otherRules }`;

/**
 * Returns 1 if a finding has a severity that `--fail-on` names, whether its row is shown or not; otherwise 3 where `--max-age`
 * does not let what was read stand for all targets.
 */
async function listFindings(words: readonly string[], options: Options, world: World): Promise<number> {
  if (options.failOn || options.maxAge !== undefined) requireDatabase(options);
  await using app = await openApp(options, world, "read");
  const { list } = app.client.findings;
  const filter = {
    search: words.join(" "),
    severity: options.severity ?? null,
    rule: options.rule ?? null,
    item: options.item ?? null,
    host: options.host ?? null,
    accepted: options.accepted ?? false,
  };
  const { rows, total } = await listRows(options.limit, (page) => list({ ...filter, ...page }));
  const countOf = async (severity: Severity, accepted = filter.accepted) => {
    if (filter.severity !== null && filter.severity !== severity) return 0;
    return (await list({ ...filter, accepted, severity, limit: 1 })).total;
  };

  if (options.json) printJson({ findings: rows, total }, world);
  else if (total === 0) world.out(await formatNone(filter, app.client));
  else {
    const isEvaluated = rows.some(({ profile }) => profile !== null);
    const shownColumns = (filter.accepted ? ACCEPTED : COLUMNS).filter(
      (one) => isEvaluated || one !== PROFILE,
    );
    const columns = await withOwnNames(shownColumns, app.client);
    const table = () => printTable(columns, rows, world);
    const details = () => rows.map((row) => printDetails(row, world)).join("\n\n");
    world.out(`${options.details ? details() : table()}\n`);
    const counts = await Promise.all(
      atLeast("info").map(async (severity) => ({ severity, count: await countOf(severity) })),
    );
    const counted = counts
      .filter(({ count }) => isMoreThan(count, 0))
      .map(({ severity, count }) => `${formatAmount(count)} ${severity}`);
    const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
    world.out(`${formatTotal(total, "finding")}${shown}: ${counted.join(", ")}`);
  }
  const undecided = await formatUndecidedOrphans(filter, app.client);
  if (undecided !== null) world.err(`latchkey: ${printable(undecided)}`);
  const severe = await formatSevereLogins(filter, app.client);
  if (severe !== null) world.err(`latchkey: ${severe}`);
  const counts = await Promise.all(
    options.failOn ? atLeast(options.failOn).map((severity) => countOf(severity, false)) : [],
  );
  if (counts.some((count) => isMoreThan(count, 0))) return 1;
  if (options.maxAge !== undefined) return await checkAge(options.maxAge, app.client, world);
  return await checkScanned(options, app.client);
}

/** What `--fail-on` finds in a database without a scan is not known. */
export const checkScanned = async (
  { failOn }: { failOn?: Severity },
  client: LatchkeyClient,
): Promise<number> => (failOn && (await client.today.coverage({})).isEmpty ? 3 : 0);

/** The findings through a standard; what it returns is as of a list. */
async function reportLens(
  options: Options & { lens: Lens },
  words: readonly string[],
  world: World,
): Promise<number> {
  if (words.length > 0)
    throw new Refusal("invalid-input", "--lens is about all findings; use --item to filter them by words");
  if (options.failOn || options.maxAge !== undefined) requireDatabase(options);
  await using app = await openApp(options, world, "read");
  const report = await app.client.findings.lens({ lens: options.lens });
  if (options.json) printJson(toLensJson(report), world);
  else {
    const { isEmpty, coverage, maxAgeDays } = await app.client.today.coverage({});
    const items = report.items.map((one) => printItem(one, world)).join("\n\n");
    world.out(`${formatLens(report.lens)}\n\n${items}\n`);
    world.out(`${formatCount(report.otherRules.length, "rule")} not of this standard`);
    world.out(isEmpty ? NOTHING_SCANNED : formatCoverage(coverage, maxAgeDays));
  }
  const failing = new Set(options.failOn ? atLeast(options.failOn) : []);
  if (report.items.some(({ found }) => found.some(({ severity }) => failing.has(severity)))) return 1;
  if (options.maxAge !== undefined) return await checkAge(options.maxAge, app.client, world);
  return await checkScanned(options, app.client);
}

const toLensJson = ({ lens, items, otherRules }: LensReport) => ({
  lens,
  items: items.map(({ item, rules, found }) => ({ item, ...describeItem(item), rules, found })),
  otherRules,
});

function printItem(report: LensItemReport, { isColoured }: Pick<World, "isColoured">): string {
  const { item, rules, found } = report;
  const { demand, unseen } = describeItem(item);
  const [worst] = countBySeverity(report);
  const text = formatFound(report);
  const counted = rules.map(({ rule }) => {
    const count = found.reduce((sum, one) => (one.rule === rule ? sum + one.count : sum), 0);
    return count === 0 ? rule : `${rule} (${formatNumber(count)})`;
  });
  return [
    `${formatItem(item)}: ${worst && isColoured ? paint(SEVERITY_STYLES[worst[0]], text) : text}`,
    `  Demand: ${demand}`,
    ...(rules.length === 0 ? [] : [`  Rules: ${counted.join(", ")}`]),
    ...formatRuleGaps(report, (rule) => rule).map((line) => `  May find more: ${line}`),
    `  Not seen from here: ${unseen}`,
    ...(found.length === 0 ? [] : [`  List them: latchkey findings --item ${item}`]),
  ].join("\n");
}

/** A job that names a database that is not there checks nothing: that must not look like a clean result. */
export function requireDatabase({ db = findDefaultDatabase() }: CommonOptions): void {
  if (existsSync(db)) return;
  throw new Refusal("unusable", `there is no database ${db}; scan first, or name the right one with --db`);
}

async function checkAge(maxAgeDays: number, client: LatchkeyClient, world: World): Promise<number> {
  const { isEmpty, coverage } = await client.today.coverage({ maxAgeDays });
  const gaps = isEmpty ? "nothing was scanned yet" : formatGaps(coverage, maxAgeDays);
  if (gaps === null) return 0;
  world.err(`latchkey: not known as of the last ${formatCount(maxAgeDays, "day")}: ${gaps}`);
  return 3;
}

export function asRule(text: string): RuleId {
  const rule = RuleId.safeParse(text);
  if (rule.success) return rule.data;
  throw new InvalidArgumentError(`Rules are: ${RuleId.options.join(", ")}.`);
}

/** In any case, as people write it. */
function asItem(text: string): LensItem {
  const item = LensItem.options.find((one) => one.toLowerCase() === text.toLowerCase());
  if (item) return item;
  throw new InvalidArgumentError(`Items are: ${LensItem.options.join(", ")}.`);
}

export const NOTHING_SCANNED = "nothing was scanned yet; start with: latchkey scan web1.example";

async function formatNone(filter: object, client: LatchkeyClient): Promise<string> {
  if (Object.values(filter).some(Boolean)) return "no finding matches";
  const { isEmpty, coverage, maxAgeDays } = await client.today.coverage({});
  if (isEmpty) return NOTHING_SCANNED;
  return `no finding; ${formatCoverage(coverage, maxAgeDays)}`;
}

/** Logins that stand out are no findings (0081): that there are severe ones is said beside a list of all. */
async function formatSevereLogins(filter: FindingFilter & { search: string }, client: LatchkeyClient) {
  if (Object.values(filter).some(Boolean)) return null;
  const [worst] = (await client.logins.observed({ limit: 1 })).rows;
  if (!worst || !atLeast("high").includes(worst.severity)) return null;
  return `logins of severity ${worst.severity} stand out, which are no findings: latchkey logins --observed`;
}

const ORPHANED: RuleId = "grant-orphaned";

/**
 * Orphans that are no findings only because a host was not read completely; null if there are none, or if the filter
 * leaves them out.
 */
async function formatUndecidedOrphans(
  { rule, item, host, accepted }: FindingFilter,
  client: LatchkeyClient,
): Promise<string | null> {
  if (accepted || (rule !== null && rule !== ORPHANED)) return null;
  if (item !== null && !rulesOf(item).includes(ORPHANED)) return null;
  const { isWhole } = await client.people.inventory();
  return isWhole ? formatUndecided(client, { host }) : null;
}

/** A paragraph; what strangers wrote is encoded. */
function printDetails(finding: Finding, { isColoured }: Pick<World, "isColoured">): string {
  const { severity, rule, host, label, sentence, evidence, remedy, profile, acceptance } = finding;
  const style = SEVERITY_STYLES[severity];
  const lines = [
    `  ${sentence}${profile === null ? "" : ` (by ${profile})`}`,
    ...evidence.map((line) => `  - ${line}`),
    `  What to do: ${remedy}`,
    ...(acceptance ? [`  Accepted until ${acceptance.until}: ${acceptance.reason}`] : []),
  ].map(printable);
  const about = printable(`${rule}  ${host ?? "several"}  ${label}`);
  return [`${isColoured ? paint(style, severity) : severity}  ${about}`, ...lines].join("\n");
}

const PROFILE: Column<Finding> = { head: "PROFILE", cell: ({ profile }) => profile ?? "", leaves: 1 };

const COLUMNS: Column<Finding>[] = [
  { head: "SEVERITY", cell: ({ severity }) => severity, style: ({ severity }) => SEVERITY_STYLES[severity] },
  { head: "RULE", cell: ({ rule }) => rule, leaves: 2 },
  PROFILE,
  {
    head: "HOST",
    cell: ({ host }) => host ?? "several",
    hostOf: ({ host }) => (host === null ? null : { host }),
    cut: "middle",
  },
  { head: "WHAT", cell: ({ label }) => label, cut: "middle" },
  { head: "WHY", cell: ({ sentence }) => sentence, cut: "end" },
];

const ACCEPTED: Column<Finding>[] = [
  ...COLUMNS.slice(0, -1),
  { head: "UNTIL", cell: ({ acceptance }) => acceptance?.until ?? "" },
  { head: "REASON", cell: ({ acceptance }) => acceptance?.reason ?? "", cut: "end" },
];

export const SEVERITY_STYLES = {
  critical: "red",
  high: "red",
  medium: "yellow",
  low: "dim",
  info: "dim",
} as const;
