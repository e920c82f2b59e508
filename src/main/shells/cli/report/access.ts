import { type Command, Option } from "commander";
import type { AccessFilter } from "#shared/contract/access/grants.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { GrantRow } from "#shared/model/access/grant.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatBound, formatGives } from "#shared/text/access/grant.ts";
import { formatGaps } from "#shared/text/access/owner.ts";
import { formatAmount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Effective = GrantRow["verdict"]["effective"]["state"];
type Owner = GrantRow["verdict"]["owner"]["state"];
type Use = GrantRow["verdict"]["use"]["state"];
type Options = CommonOptions & {
  account?: string;
  host?: string;
  type?: string;
  effective?: Effective;
  owner?: Owner;
  use?: Use;
  orphaned?: boolean;
  /** False: by `--no-private-key`. */
  privateKey?: boolean;
  unapproved?: boolean;
  limit?: number;
};

export function addAccess(program: Command, { world }: Session): void {
  program
    .command("access [filter...]")
    .helpGroup(REPORT)
    .description("who can log in where, with which key, and whether sshd would accept the login")
    .option("--account <name>", "only grants for this account")
    .option("--host <name>", "only grants on this host")
    .option("--type <kind>", "only grants with this kind of key, such as ssh-rsa")
    .addOption(
      new Option("--effective <verdict>", "only grants with this verdict: can the key log in?").choices([
        "yes",
        "no",
        "unknown",
      ]),
    )
    .option("--orphaned", "only orphans: grants that may log in, but that nobody owns or uses")
    .option("--no-private-key", "only keys whose private key was not found anywhere")
    .option("--unapproved", "only grants that are new since the baseline and not approved")
    .addOption(
      new Option("--owner <state>", "whether the key has a known owner; gone: the owner has left").choices([
        "known",
        "gone",
        "unknown",
      ]),
    )
    .addOption(
      new Option("--use <state>", "whether the logs show that the key is used").choices([
        "used",
        "unused",
        "unknown",
      ]),
    )
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HELP)
    .action((words: string[], _: object, command: Command) =>
      listGrants(words, command.optsWithGlobals<Options>(), world),
    );
}

const HELP = `
A grant is one line of an authorized_keys file. LOGIN says whether sshd would accept it for that account
now: yes, no, or unknown, with what could not be read. A row is listed when it contains every word of FILTER:
in its host, account, comment or fingerprint.

A grant is an orphan when it may log in (or is blocked by a single setting), and one of these holds: its owner
has left, according to a people source; the logs of the last 90 days show no use; or its private key was not
found anywhere, while the inventory is marked complete and every host was read completely. WHY says which. Where
a host was not, this is unknown: such grants are left out, and counted below the list.

Examples:
  latchkey access --account root               who can log in as root, and where
  latchkey access SHA256:2vN                   everything that one key can log in to
  latchkey access --effective unknown          what a scan could not decide
  latchkey access --orphaned                   what to remove, and why

With --json: { grants: [{ host, account, file, line, keyType, fingerprint, comment, options,
verdict: { effective, owner, use }, orphaned, orphan, isUnapproved, approval, why }], total }`;

async function listGrants(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const { list } = app.client.access;
  const filter = {
    search: words.join(" "),
    account: options.account ?? null,
    host: options.host ?? null,
    keyType: options.type ?? null,
    effective: options.effective ?? null,
    owner: options.owner ?? null,
    use: options.use ?? null,
    orphaned: options.orphaned ?? false,
    undecided: false,
    privateKeyNotFound: options.privateKey === false,
    unapproved: options.unapproved ?? false,
  };
  const { rows, total } = await listRows(options.limit, (page) => list({ ...filter, ...page }));
  if (options.json) return printJson({ grants: rows.map(toGrantJson), total }, world);
  const outside = filter.orphaned ? await formatUndecided(app.client, filter) : null;
  if (total === 0) {
    world.out(filter.orphaned ? "no grant is an orphan, as far as the hosts were read" : formatNone(filter));
    if (outside !== null) world.out(outside);
    return;
  }
  world.out(`${printTable(await withOwnNames(COLUMNS, app.client), rows, world)}\n`);

  const countOf = async (effective: Effective) => {
    if (filter.effective !== null && filter.effective !== effective) return 0;
    return (await list({ ...filter, effective, limit: 1 })).total;
  };
  const [yes, no, unknown] = [await countOf("yes"), await countOf("no"), await countOf("unknown")];
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(
    `${formatTotal(total, "grant")}${shown}: ${formatAmount(yes)} can log in, ${formatAmount(no)} cannot, ${formatAmount(unknown)} unknown`,
  );
  if (outside !== null) world.out(outside);
}

/**
 * The grants that are no orphans only because their private keys may be where no scan has read; null if there are none.
 */
export async function formatUndecided(
  { access, people }: LatchkeyClient,
  filter: Partial<AccessFilter>,
): Promise<string | null> {
  const { total } = await access.list({ ...filter, orphaned: false, undecided: true, limit: 1 });
  if (total === 0) return null;
  const { isWhole, gaps } = await people.inventory();
  return isWhole
    ? `unknown: ${formatTotal(total, "grant")} whose private key was not found, because ${formatGaps(gaps)}; scan every host as root`
    : `not counted: ${formatTotal(total, "grant")} whose private key was not found, because the inventory is not marked complete; see latchkey inventory --help`;
}

const formatNone = (filter: object): string =>
  Object.values(filter).some(Boolean)
    ? "no grant matches"
    : "no grant is known yet; scan a host: latchkey scan root@web1.example";

const COLUMNS: Column<GrantRow>[] = [
  { head: "HOST", cell: ({ host }) => host, hostOf: (grant) => grant, cut: "middle" },
  { head: "ACCOUNT", cell: ({ account }) => account, cut: "middle" },
  {
    head: "LOGIN",
    cell: ({ verdict }) => verdict.effective.state,
    style: ({ verdict }) => STYLES[verdict.effective.state],
  },
  { head: "OWNER", cell: formatOwner, cut: "end", leaves: 3 },
  { head: "KEY", cell: formatKey, leaves: 2 },
  { head: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint ?? "", cut: "middle" },
  { head: "COMMENT", cell: ({ comment }) => comment, cut: "middle" },
  { head: "WHERE", cell: ({ file, line }) => `${file}:${line}`, cut: "middle", leaves: 1 },
  { head: "WHY", cell: formatWhy, cut: "end" },
];

const STYLES = { yes: "green", no: "dim", unknown: "yellow" } as const;

/** Who has the key, by name where one is known. */
function formatOwner({ verdict: { owner } }: GrantRow): string {
  if (owner.state === "unknown") return "unknown";
  if (owner.state === "gone") return owner.who === null ? "former" : `former: ${owner.who}`;
  return owner.who ?? "known";
}

/** Why it is an orphan; else, what decides whether it can log in, and from where and for what. */
function formatWhy({ verdict: { effective }, why, orphaned }: GrantRow): string {
  if (orphaned || effective.state !== "yes") return why[0] ?? "";
  if (effective.onlyFrom.length > 0) return formatBound(effective.onlyFrom);
  return why[0] ?? `accepted: ${formatGives(effective.gives)}`;
}

const toGrantJson = (grant: GrantRow) => ({
  host: grant.host,
  account: grant.account,
  file: grant.file,
  line: grant.line,
  keyType: grant.keyType,
  fingerprint: grant.fingerprint,
  comment: grant.comment,
  options: grant.options,
  verdict: grant.verdict,
  orphaned: grant.orphaned,
  orphan: grant.orphan,
  isUnapproved: grant.isUnapproved,
  approval: grant.approval,
  why: grant.why,
});
