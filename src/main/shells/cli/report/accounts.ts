import { type Command, Option } from "commander";
import { AccountKind, type AccountRow, RootStanding } from "#shared/model/access/account.ts";
import { RISK_FACTORS, type RiskFactorName } from "#shared/model/access/risk.ts";
import { type FindingBrief, Severity } from "#shared/model/finding.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatEntry, formatWhy, KIND_MEANINGS, ROOT_WORDS } from "#shared/text/access/account.ts";
import { formatFactor } from "#shared/text/access/risk.ts";
import { formatAmount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { findNamed, printAccount, toDetailJson } from "./account-detail.ts";
import { SEVERITY_STYLES } from "./findings.ts";

const ORDERS = ["host", "risk"] as const;
type Order = (typeof ORDERS)[number];

type Options = CommonOptions & {
  host?: string;
  kind?: AccountKind;
  root?: RootStanding;
  owner?: string | false;
  environment?: string | false;
  purpose?: boolean;
  sort?: Order;
  unapproved?: boolean;
  limit?: number;
};

export function addAccounts(program: Command, { world }: Session): void {
  program
    .command("accounts [filter...]")
    .helpGroup(REPORT)
    .description("accounts of all hosts: what each is for, who gets in, and which become root")
    .option("--host <name>", "only accounts on this host")
    .addOption(new Option("--kind <kind>", "only accounts of this kind").choices(AccountKind.options))
    .addOption(
      new Option(
        "--root <standing>",
        "only accounts that are root, become it, may, or are not known to",
      ).choices(RootStanding.options),
    )
    .option("--owner <name>", "only accounts of this owner: their own, or that of their host")
    .option("--no-owner", "only accounts that nobody answers for")
    .option("--environment <name>", "only accounts of this environment: their own, or that of their host")
    .option("--no-environment", "only accounts of which the environment is not known")
    .option("--no-purpose", "only accounts of which nobody has said what they are for")
    .addOption(
      new Option("--sort <order>", "by host, or the greatest risk first").choices(ORDERS).default("host"),
    )
    .option("--unapproved", "only accounts that are new since the baseline and not approved")
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      listAccounts(words, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
Kinds:
${AccountKind.options.map((kind) => `  ${kind.padEnd(8)} ${KIND_MEANINGS[kind]}`).join("\n")}

WHY says what shows the kind. LAST LOGIN is the latest that any log of the host has: sshd's, su's, lastlog's
or wtmpdb's. ROOT goes by uid 0, by the rules of sudo and doas, also over other accounts, and by groups
that may write to the sockets of docker, LXD, Incus or libvirt, or to a disk. FINDINGS has the most severe and
how many more there are: latchkey findings says what they are.

The order of risks goes by reach (how an account is entered, and what can be entered from it), privilege (whether
it becomes root), exposure (how easily somebody else gets in) and age (how long its credentials have stood), each
none, low, medium or high. What was not read is unknown, and ranks as the highest that it may be.

Examples:
  latchkey accounts --kind service            what runs on its own
  latchkey accounts --root becomes-root       who is as good as root
  latchkey accounts deploy                    every account with "deploy" in name, home or host
  latchkey accounts deploy@web1.example       all that is known of one account
  latchkey accounts --kind service --sort risk  the most dangerous of them first, and why
  latchkey accounts --kind bot --no-owner     what nobody answers for; latchkey label names somebody

With --json: { accounts: [{ host, port, name, uid, shell, passwordState, passwordAge, kind, reasons, grantCount,
authorityCount, root, workloadCount, evaluatedAt, isByRoot, lastLoginAt, owner, purpose, environment, reviewOn,
firstSeen, lastSeen, isUnapproved, findings, risk: { reach: { level, atMost }, privilege, exposure, age } }], total };
of one account the same and { isGone, home, groups, workloads, setuidPrograms, isSetuidWhole, keytabs, becomes, becomeIt,
agents, authorities, logins, others, logWindows, baseline, riskReasons, approval }`;

async function listAccounts(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const [word = ""] = words;
  const named = words.length === 1 ? await findNamed(word, app.client) : null;
  if (named) return options.json ? printJson(toDetailJson(named), world) : printAccount(named, world);
  const { list } = app.client.accounts;
  const { host = null, kind = null, root = null, unapproved = false } = options;
  const owner = options.owner === false ? "" : (options.owner ?? null);
  const environment = options.environment === false ? "" : (options.environment ?? null);
  const lacksPurpose = options.purpose === false;
  const filter = { search: words.join(" "), host, kind, root, owner, environment, lacksPurpose, unapproved };
  const { rows, total } = await listRows(options.limit, (page) =>
    list({ ...filter, sort: { by: options.sort ?? "host" }, ...page }),
  );
  if (options.json) return printJson({ accounts: rows.map(toJson), total }, world);
  if (total === 0) return world.out(formatNone(filter));
  world.out(
    `${printTable(await withOwnNames(options.sort === "risk" ? RISK_COLUMNS : columnsAt(world.now()), app.client), rows, world)}\n`,
  );
  const counts = [];
  for (const one of AccountKind.options.filter((each) => kind === null || each === kind)) {
    const { total: count } = await list({ ...filter, kind: one, limit: 1 });
    if (isMoreThan(count, 0)) counts.push(`${formatAmount(count)} ${one}`);
  }
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`${formatTotal(total, "account")}${shown}: ${counts.join(", ")}`);
}

const toJson = ({ id: _, ...account }: AccountRow) => account;

const formatNone = ({ search, ...filter }: { search: string }): string =>
  search !== "" || Object.values(filter).some((value) => value !== null && value !== false)
    ? "no account matches"
    : "no account is known yet; scan a host: latchkey scan root@web1.example";

const columnsAt = (now: Date): Column<AccountRow>[] => [
  { head: "HOST", cell: ({ host }) => host, hostOf: (account) => account, cut: "middle" },
  { head: "ACCOUNT", cell: ({ name }) => name, cut: "middle" },
  { head: "UID", cell: ({ uid }) => String(uid), leaves: 2 },
  { head: "KIND", cell: ({ kind }) => kind, style: ({ kind }) => (kind === "unknown" ? "yellow" : null) },
  { head: "ROOT", cell: ({ root }) => ROOT_WORDS[root], style: ({ root }) => STYLES[root] },
  {
    head: "FINDINGS",
    cell: ({ findings }) => formatWorst(findings),
    style: ({ findings }) => SEVERITY_STYLES[worstOf(findings) ?? "info"],
    leaves: 9,
  },
  { head: "OWNER", cell: ({ owner }) => owner, cut: "middle", leaves: 8 },
  { head: "ENV", cell: ({ environment }) => environment, cut: "middle", leaves: 6 },
  { head: "PURPOSE", cell: ({ purpose }) => purpose, cut: "end", leaves: 5 },
  { head: "ENTERED BY", cell: (row) => formatEntry(row, now), leaves: 4 },
  {
    head: "LAST LOGIN",
    cell: ({ lastLoginAt }) => (lastLoginAt === null ? "" : formatElapsed(lastLoginAt, now)),
    leaves: 3,
  },
  {
    head: "RUNS",
    cell: ({ workloadCount }) => (workloadCount === 0 ? "" : String(workloadCount)),
    leaves: 1,
  },
  { head: "WHY", cell: formatWhy, cut: "end" },
];

const riskColumn = (name: RiskFactorName): Column<AccountRow> => ({
  head: name.toUpperCase(),
  cell: ({ risk }) => formatFactor(risk[name]),
  style: ({ risk }) => (risk[name].level === "high" ? "red" : risk[name].atMost === "high" ? "yellow" : null),
});

/** A row in the order of risks, with each factor of it. */
const RISK_COLUMNS: Column<AccountRow>[] = [
  { head: "HOST", cell: ({ host }) => host, hostOf: (account) => account, cut: "middle" },
  { head: "ACCOUNT", cell: ({ name }) => name, cut: "middle" },
  { head: "KIND", cell: ({ kind }) => kind, leaves: 2 },
  ...RISK_FACTORS.map(riskColumn),
  { head: "OWNER", cell: ({ owner }) => owner || "nobody", cut: "middle", leaves: 1 },
];

const worstOf = (findings: readonly FindingBrief[]): Severity | null =>
  Severity.options.find((severity) => findings.some((finding) => finding.severity === severity)) ?? null;

function formatWorst(findings: readonly FindingBrief[]): string {
  const more = findings.length > 1 ? ` +${findings.length - 1}` : "";
  return `${worstOf(findings) ?? ""}${more}`;
}

const STYLES = {
  "is-root": "red",
  "becomes-root": "red",
  maybe: "yellow",
  no: null,
  unknown: "yellow",
} as const;
