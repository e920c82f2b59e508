import { type Command, Option } from "commander";
import { MOST_COMPARED } from "#shared/contract/hosts.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { HostRow } from "#shared/model/hosts/host.ts";
import {
  type HostKeyRow,
  HostKeyState,
  type SshfpComparison,
  type SshfpResult,
} from "#shared/model/hosts/host-key.ts";
import { ProbeState } from "#shared/model/hosts/probe.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatAmount, formatCount, formatNumber, formatTotal } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { withOwnName } from "#shared/text/hosts/own-name.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, listRows, printTable, withOwnNames } from "#shells/cli/print-table.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";

type Options = CommonOptions & { state?: ProbeState; limit?: number };

export function addHosts(program: Command, { world }: Session): void {
  program
    .command("hosts [filter...]")
    .helpGroup(REPORT)
    .description("scanned hosts, and how much of each could be read")
    .addOption(new Option("--state <state>", "only hosts in this state").choices(ProbeState.options))
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText(
      "after",
      "\nWith --json: { hosts: [{ host, port, user, state, outcome, message, ... }], total }",
    )
    .action((words: string[], _: object, command: Command) =>
      listHosts(words, command.optsWithGlobals<Options>(), world),
    );
}

async function listHosts(words: readonly string[], options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const filter = { search: words.join(" "), state: options.state ?? null };
  const { list } = app.client.hosts;
  const { rows, total } = await listRows(options.limit, (page) => list({ ...filter, ...page }));
  if (options.json) return printJson({ hosts: rows.map(toHostJson), total }, world);
  if (total === 0) return world.out(formatNone(filter));
  world.out(`${printTable(columnsAt(world.now()), rows, world)}\n`);

  const countOf = async (state: ProbeState) => {
    if (filter.state !== null && filter.state !== state) return 0;
    return (await list({ ...filter, state, limit: 1 })).total;
  };
  const [ok, partial, failed] = [await countOf("ok"), await countOf("partial"), await countOf("failed")];
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(
    `${formatTotal(total, "host")}${shown}: ${formatAmount(ok)} read, ${formatAmount(partial)} read in part, ${formatAmount(failed)} not read`,
  );
}

const formatNone = (filter: object): string =>
  Object.values(filter).some(Boolean)
    ? "no host matches"
    : "no host is known yet; scan one: latchkey scan root@web1.example";

const columnsAt = (now: Date): Column<HostRow>[] => [
  {
    head: "HOST",
    cell: (row) => withOwnName(formatTarget({ kind: "ssh", ...row }), row.host, row.hostname),
    cut: "middle",
  },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => STYLES[state] },
  { head: "LAST SCAN", cell: ({ lastSeen }) => formatElapsed(lastSeen, now) },
  { head: "SYSTEM", cell: ({ os }) => os ?? "", cut: "middle", leaves: 1 },
  { head: "READ AS", cell: formatReadAs, cut: "middle", leaves: 4 },
  { head: "ACCOUNTS", cell: ({ accountCount }) => String(accountCount), leaves: 2 },
  { head: "GRANTS", cell: ({ grantCount }) => String(grantCount), leaves: 5 },
  { head: "CERTIFICATES", cell: ({ certificateCount }) => String(certificateCount), leaves: 3 },
  { head: "MESSAGE", cell: ({ message }) => message, cut: "end" },
];

/** Marks what a bundle claims, and nothing has shown to be of the host. */
const formatReadAs = ({ readAs, bundleStanding }: HostRow): string =>
  bundleStanding === "claimed" ? `claimed, ${readAs ?? ""}` : (readAs ?? "");

const STYLES = { ok: "green", partial: "yellow", failed: "red" } as const;

const toHostJson = ({ id: _, ...host }: HostRow) => host;

type HostKeyOptions = CommonOptions & {
  state?: HostKeyState;
  shared?: boolean;
  weak?: boolean;
  knownHosts?: boolean;
  sshfp?: boolean;
  resolver?: string;
  limit?: number;
};

export function addHostKeys(program: Command, { world }: Session): void {
  program
    .command("host-keys [filter...]")
    .helpGroup(REPORT)
    .description("host keys, and whether each is the trusted one")
    .addOption(new Option("--state <state>", "only host keys in this state").choices(HostKeyState.options))
    .option("--shared", "only host keys that several hosts share")
    .option("--weak", "only host keys of an obsolete type or length")
    .option("--known-hosts", "print all pins as a known_hosts file")
    .option("--sshfp", "compare with the SSHFP records in DNS")
    .addOption(
      new Option("--resolver <address>", "use this resolver for --sshfp instead of the system's").implies({
        sshfp: true,
      }),
    )
    .option("--limit <rows>", "show at most this many rows", wholeNumber(1, 1_000_000))
    .addHelpText("after", HOST_KEYS_HELP)
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<HostKeyOptions>();
      await using app = await openApp(options, world, "read");
      await (options.knownHosts
        ? printKnownHosts(app, options, world)
        : listHostKeys(app, words, { options, world }));
    });
}

const HOST_KEYS_HELP = `
States:
  changed    the host presents this key, but another one is trusted
  revoked    a line of known_hosts revokes it
  new        presented, but no key is trusted for the host yet
  matched    the host has the trusted key
  held       found on the host, but neither presented nor trusted
  unused     trusted, but no known host has it
  hashed     a hashed name in known_hosts that matches no known host
  authority  a CA key for host certificates (@cert-authority)

Examples:
  latchkey host-keys --state changed
  latchkey host-keys --known-hosts > known_hosts
  latchkey host-keys web1.example --sshfp --resolver 127.0.0.1

With --json: { hostKeys: [{ name, keyType, fingerprint, state, why, knownAt, ... }], total }`;

async function listHostKeys(
  { client }: CommandApp,
  words: readonly string[],
  { options, world }: { options: HostKeyOptions; world: World },
): Promise<void> {
  const { state = null, shared = false, weak = false } = options;
  const filter = { search: words.join(" "), state, shared, weak };
  const { rows, total } = await listRows(options.limit, (page) =>
    client.hostKeys.list({ ...filter, ...page }),
  );
  await printUnreadable(client, world);
  const compared = options.sshfp ? await compareWithDns(client, rows, options.resolver ?? null) : null;
  for (const failure of compared?.failures ?? []) world.err(`latchkey: ${printable(failure)}`);
  if (options.json) {
    const toJson = (row: HostKeyRow) => ({ ...row, ...(compared && { sshfp: compared.ofRow(row) }) });
    return printJson({ hostKeys: rows.map(toJson), total }, world);
  }
  if (total === 0) return world.out(formatNoHostKey(filter));
  const columns = hostKeyColumnsAt(world.now());
  if (compared) columns.splice(2, 0, dnsColumn(compared.ofRow));
  world.out(`${printTable(await withOwnNames(columns, client), rows, world)}\n`);
  const counts = [];
  for (const one of HostKeyState.options.filter((each) => state === null || each === state)) {
    const { total: count } = await client.hostKeys.list({ ...filter, state: one, limit: 1 });
    if (isMoreThan(count, 0)) counts.push(`${formatAmount(count)} ${one}`);
  }
  const shown = isMoreThan(total, rows.length) ? `, ${formatNumber(rows.length)} shown` : "";
  world.out(`${formatTotal(total, "host key")}${shown}: ${counts.join(", ")}`);
}

const formatNoHostKey = (filter: object): string =>
  Object.values(filter).some(Boolean)
    ? "no host key matches"
    : "no host key is known yet; scan a host: latchkey scan root@web1.example";

/** The list lacks what is in files that could not be read. */
async function printUnreadable({ hostKeys }: CommandApp["client"], world: World): Promise<void> {
  const { files, unreadable, notes } = await hostKeys.sources();
  for (const { path, why } of unreadable) world.err(`latchkey: ${printable(`${path} was not read: ${why}`)}`);
  for (const { path, broken } of files) {
    for (const { line, why } of broken.first) world.err(`latchkey: ${printable(`${path}:${line}: ${why}`)}`);
    const left = broken.total - broken.first.length;
    if (left > 0) world.err(`latchkey: ${printable(path)}: ${formatCount(left, "more line")} cannot be read`);
  }
  for (const note of notes) world.err(`latchkey: ${printable(note)}`);
}

async function printKnownHosts({ client }: CommandApp, options: HostKeyOptions, world: World): Promise<void> {
  const pins = await client.hostKeys.knownHosts();
  for (const why of pins.leftOut) world.err(`latchkey: left out: ${printable(why)}`);
  if (options.json) return printJson(pins, world);
  if (pins.count === 0) world.err("latchkey: no host key is pinned yet");
  else world.out(pins.text.trimEnd());
}

const hostKeyColumnsAt = (now: Date): Column<HostKeyRow>[] => [
  { head: "NAME", cell: ({ name }) => name, hostOf: ({ host }) => host, cut: "middle" },
  { head: "STATE", cell: ({ state }) => state, style: ({ state }) => KEY_STYLES[state] },
  { head: "TYPE", cell: formatType, style: ({ weakness }) => (weakness === null ? null : "red"), leaves: 3 },
  { head: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint, cut: "middle" },
  { head: "PRESENTED", cell: ({ presentedAt }) => formatWhen(presentedAt, now), leaves: 2 },
  { head: "ALSO ON", cell: formatSharing, cut: "middle", leaves: 1 },
  { head: "WHY", cell: ({ why }) => why, cut: "end" },
];

const dnsColumn = (ofRow: (row: HostKeyRow) => Compared | null): Column<HostKeyRow> => ({
  head: "DNS",
  cell: (row) => formatCompared(ofRow(row)),
  style: (row) => (ofRow(row)?.result === "mismatch" ? "red" : null),
});

const formatType = ({ keyType, keyBits }: HostKeyRow): string =>
  keyType === "ssh-rsa" && keyBits !== null ? `${keyType} ${keyBits}` : keyType;

const formatWhen = (at: string | null, now: Date): string => (at === null ? "" : formatElapsed(at, now));

function formatSharing({ sharedWith: { count, first } }: HostKeyRow): string {
  const [one] = first;
  if (!one) return "";
  return count > 1 ? `${one.host} and ${count - 1} more` : one.host;
}

const KEY_STYLES = {
  changed: "red",
  revoked: "red",
  new: "yellow",
  matched: "green",
  held: null,
  unused: "dim",
  hashed: "dim",
  authority: null,
} as const;

/** What DNS says of one key; `result` is null if it has no record of its name. */
type Compared = Omit<SshfpComparison, "name" | "ids" | "keys"> & { result: SshfpResult | null };

/** Queries DNS for the names of these rows, and of no others. */
async function compareWithDns(
  { hostKeys }: LatchkeyClient,
  rows: readonly HostKeyRow[],
  resolver: string | null,
): Promise<{ ofRow: (row: HostKeyRow) => Compared | null; failures: string[] }> {
  const names: SshfpComparison[] = [];
  const chosen = rows.filter(({ host }) => host !== null);
  for (let start = 0; start < chosen.length; start += MOST_COMPARED) {
    const ids = chosen.slice(start, start + MOST_COMPARED).map(({ id }) => id);
    names.push(...(await hostKeys.compareSshfp({ ids, resolver })).names);
  }
  const byId = new Map(names.flatMap((one) => one.ids.map((id) => [id, toCompared(one, id)] as const)));
  return {
    ofRow: ({ id }) => byId.get(id) ?? null,
    failures: names.filter(({ answer }) => answer === "failed").map(({ name, why }) => `${name}: ${why}`),
  };
}

const toCompared = ({ name: _, ids: __, keys, ...said }: SshfpComparison, id: string): Compared => ({
  ...said,
  result: keys.find((key) => key.id === id)?.result ?? null,
});

/** In a few words, for a column. */
function formatCompared(compared: Compared | null): string {
  if (compared === null) return "";
  const { answer, result, isValidated } = compared;
  if (result === null) return answer === "none" ? "no record" : answer;
  return `${result}${isValidated ? ", DNSSEC" : ""}`;
}
