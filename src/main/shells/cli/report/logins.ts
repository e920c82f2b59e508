import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { EntryMethod, type LoginObservation, type LoginRow, LoginRule } from "#shared/model/access/login.ts";
import { Severity } from "#shared/model/finding.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isMoreThan } from "#shared/model/total.ts";
import {
  describeObservation,
  EVIDENCE_WORDS,
  formatHours,
  formatLearning,
  formatLoginEvidence,
  formatMeans,
  formatObserved,
  LOGIN_RULES,
} from "#shared/text/access/login.ts";
import { formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { atLeast } from "#shared/text/findings/finding.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { checkScanned, requireDatabase, SEVERITY_STYLES } from "./findings.ts";

type LoginOptions = CommonOptions & {
  host?: string;
  account?: string;
  from?: string;
  method?: EntryMethod;
  since?: string;
  through?: string;
  observed?: boolean;
  accepted?: boolean;
  rule?: LoginRule;
  failOn?: Severity;
  limit?: number;
};

export function addLogins(program: Command, { world, finish }: Session): void {
  const logins = program
    .command("logins [filter...]")
    .usage("[options] [filter...]")
    .helpGroup(REPORT)
    .description("who logged in where, by day, key and address, as far as logs reach; and what stands out")
    .option("--host <name>", "only logins on this host")
    .option("--account <name>", "only logins to this account")
    .option("--from <address>", "only logins from this address")
    .addOption(new Option("--method <method>", "only logins by this").choices(EntryMethod.options))
    .option("--since <day>", "only logins from this day on, such as 2026-11-30")
    .option("--through <day>", "only logins up to this day")
    .option("--observed", "logins that stand out, in place of all")
    .option("--accepted", "those that were accepted")
    .addOption(new Option("--rule <rule>", "only logins that stand out by this").choices(LoginRule.options))
    .addOption(
      new Option("--fail-on <severity>", "with --observed: exit 1 if one has this severity or a higher one")
        .choices(Severity.options)
        .implies({ observed: true })
        .conflicts("accepted"),
    )
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", LOGIN_HELP)
    .action(async (words: string[], _: object, command: Command) =>
      finish(await listLogins(words, command.optsWithGlobals<LoginOptions>(), world)),
    );
  addDecisions(logins, world);
}

function addDecisions(logins: Command, world: World): void {
  logins
    .command("show <id>")
    .description("what a login stands out by, its lines of the log, and the baseline")
    .addHelpText("after", "\nExamples:\n  latchkey logins show 12")
    .action((id: string, _: object, command: Command) =>
      show(id, command.optsWithGlobals<CommonOptions>(), world),
    );
  logins
    .command("accept <id...>")
    .description("accept logins that stand out until a day, with a reason")
    .requiredOption("--until <day>", "the day on which they count again, such as 2027-01-31")
    .requiredOption("--reason <text>", "why they are accepted")
    .addHelpText(
      "after",
      `\nExamples:\n  latchkey logins accept 12 14 --until 2027-01-31 --reason "new office"`,
    )
    .action((ids: string[], _: object, command: Command) =>
      accept(ids, command.optsWithGlobals<AcceptOptions>(), world),
    );
  logins
    .command("unaccept <id...>")
    .description("withdraw such acceptances")
    .addHelpText("after", "\nExamples:\n  latchkey logins unaccept 12")
    .action((ids: string[], _: object, command: Command) =>
      unaccept(ids, command.optsWithGlobals<CommonOptions>(), world),
    );
}

function readId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal("invalid-input", `${text} is no ID; latchkey logins --observed lists them`);
}

const LOGIN_HELP = `
What stands out:
${LoginRule.options.map((rule) => `  ${rule.padEnd(21)} ${LOGIN_RULES[rule]}`).join("\n")}

A login is compared with the first 30 days that the logs of its host cover, and of an account that was made later
with its own first 30. Into plain log files any user of the host can have lines written: what the journal has is
compared with the journal, and what only a plain file has is never more than medium.

Examples:
  latchkey logins --account root --since 2026-11-01   who was root in November
  latchkey logins --from 10.1.2.3                     what was entered from an address
  latchkey logins --observed                          what stands out, the most severe first
  latchkey logins --observed --fail-on high           for a nightly job: exit 1 if a login is high or critical
  latchkey logins show 12                             its lines of the log, and what is usual
  latchkey logins accept 12 --until 2027-01-31 --reason "new office, ticket 812"

With --json: { logins: [{ host, port, account, method, by, from, day, count, inJournal, hours, firstAt, lastAt,
isInBaseline }], total }; with --observed { logins: [{ id, host, port, account, uid, subject, method, by, from,
firstAt, lastAt, evidence, severity, facts, acceptance }], total, learning: { hosts: [{ host, port, days, isCut }],
total, accounts: [{ host, port, account, days, reason }], accountTotal, of } }`;

async function listLogins(words: readonly string[], options: LoginOptions, world: World): Promise<number> {
  if (options.failOn) requireDatabase(options);
  await using app = await openApp(options, world, "read");
  const { host = null, account = null, from = null, limit } = options;
  const where = { search: words.join(" "), host, account, from };
  if (options.observed || options.accepted || options.rule !== undefined)
    return await listObserved(app.client, where, { options, world });
  const { method = null, since = null, through: until = null } = options;
  const filter = { ...where, method, since, until };
  const { rows, total } = await listRows(limit, (page) => app.client.logins.list({ ...filter, ...page }));
  if (options.json) printJson({ logins: rows.map(loginToJson), total }, world);
  else if (total === 0) world.out(isFiltered(filter) ? "no login matches" : NO_LOGINS);
  else {
    world.out(`${printTable(await withOwnNames(LOGIN_COLUMNS, app.client), rows, world)}\n`);
    const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
    world.out(`${formatTotal(total, "line")} of logins by day${shown}`);
  }
  return 0;
}

const NO_LOGINS = "no login is known yet; scan a host as root: latchkey scan root@web1.example";

const isFiltered = ({ search, ...filter }: { search: string }): boolean =>
  search !== "" || Object.values(filter).some((value) => value !== null);

const loginToJson = ({ id: _, accountId: __, ...login }: LoginRow) => login;
const observedToJson = ({ accountId: _, ...login }: LoginObservation) => login;

const LOGIN_COLUMNS: Column<LoginRow>[] = [
  { head: "DAY", cell: ({ day }) => day },
  { head: "HOST", cell: ({ host }) => host, hostOf: (login) => login, cut: "middle" },
  { head: "ACCOUNT", cell: ({ account }) => account, cut: "middle" },
  { head: "BY", cell: formatMeans, cut: "middle", leaves: 5 },
  { head: "FROM", cell: ({ from }) => from, cut: "middle" },
  { head: "LOGINS", cell: ({ count }) => String(count) },
  { head: "HOURS", cell: ({ hours }) => formatHours(hours), cut: "end", leaves: 2 },
  { head: "LOG", cell: formatLoginEvidence, leaves: 3 },
];

type Where = { search: string; host: string | null; account: string | null; from: string | null };

async function listObserved(
  client: LatchkeyClient,
  where: Where,
  { options, world }: { options: LoginOptions; world: World },
): Promise<number> {
  const { rule = null, accepted = false, limit, failOn } = options;
  const filter = { ...where, rule, accepted };
  const { rows, total } = await listRows(limit, (page) => client.logins.observed({ ...filter, ...page }));
  const learning = await client.logins.learning({ host: where.host });
  if (options.json) printJson({ logins: rows.map(observedToJson), total, learning }, world);
  else if (total === 0)
    world.out(
      accepted
        ? "no login was accepted"
        : isFiltered({ ...where })
          ? "no login matches"
          : "no login stands out",
    );
  else {
    const columns = accepted ? ACCEPTED_COLUMNS : observedColumns(world.now());
    world.out(`${printTable(await withOwnNames(columns, client), rows, world)}\n`);
    const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
    const first = rows[0]?.id ?? 1;
    world.out(
      `${formatTotal(total, "login")}${shown}; latchkey logins show ${first} has the lines of the log`,
    );
  }
  const tooFew = formatLearning(learning);
  if (tooFew !== "" && !options.json) world.out(printable(tooFew));
  const [worst] = rows;
  if (failOn && worst && atLeast(failOn).includes(worst.severity)) return 1;
  return await checkScanned(options, client);
}

const observedColumns = (now: Date): Column<LoginObservation>[] => [
  { head: "ID", cell: ({ id }) => String(id) },
  { head: "SEVERITY", cell: ({ severity }) => severity, style: ({ severity }) => SEVERITY_STYLES[severity] },
  { head: "HOST", cell: ({ host }) => host, hostOf: (login) => login, cut: "middle" },
  { head: "ACCOUNT", cell: ({ account }) => account, cut: "middle" },
  { head: "LAST", cell: ({ lastAt }) => formatElapsed(lastAt, now), leaves: 3 },
  { head: "LOG", cell: ({ evidence }) => EVIDENCE_WORDS[evidence], leaves: 2 },
  { head: "WHAT STANDS OUT", cell: formatObserved, cut: "end" },
];

const ACCEPTED_COLUMNS: Column<LoginObservation>[] = [
  { head: "ID", cell: ({ id }) => String(id) },
  { head: "HOST", cell: ({ host }) => host, hostOf: (login) => login, cut: "middle" },
  { head: "ACCOUNT", cell: ({ account }) => account, cut: "middle" },
  { head: "WHAT STANDS OUT", cell: formatObserved, cut: "end" },
  { head: "UNTIL", cell: ({ acceptance }) => acceptance?.until ?? "" },
  { head: "REASON", cell: ({ acceptance }) => acceptance?.reason ?? "", cut: "end" },
];

async function show(text: string, options: CommonOptions, world: World): Promise<void> {
  const id = readId(text);
  await using app = await openApp(options, world, "read");
  const login = await app.client.logins.find({ id });
  if (options.json) return printJson(login, world);
  for (const line of describeObservation(login)) world.out(printable(line));
}

type AcceptOptions = CommonOptions & { until: string; reason: string };

async function accept(
  texts: readonly string[],
  { until, reason, ...options }: AcceptOptions,
  world: World,
): Promise<void> {
  const ids = texts.map(readId);
  await using app = await openApp(options, world, "write");
  const { accepted } = await app.client.logins.accept({ ids, until, reason });
  if (options.json) return printJson({ accepted }, world);
  world.out(`${formatCount(accepted, "login")} accepted until ${printable(until)}`);
}

async function unaccept(texts: readonly string[], options: CommonOptions, world: World): Promise<void> {
  const ids = texts.map(readId);
  await using app = await openApp(options, world, "write");
  const { withdrawn } = await app.client.logins.unaccept({ ids });
  if (options.json) return printJson({ withdrawn }, world);
  world.out(
    withdrawn === 0 ? "none of them was accepted" : `${formatCount(withdrawn, "acceptance")} withdrawn`,
  );
}
