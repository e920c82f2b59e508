import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry, RememberedTarget, TargetText } from "#shared/contract/scans.ts";
import { TransportRequest } from "#shared/model/hosts/probe.ts";
import { StartTls } from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";
import { formatKind, formatTarget } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp, openEmptyApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { SCAN, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type Options = CommonOptions & TargetOptions;
type AddOptions = Options & { sudo?: boolean; transport?: TransportRequest };

export function addTargets(program: Command, { world, finish }: Session): void {
  const targets = program
    .command("targets")
    .helpGroup(SCAN)
    .helpCommand(false)
    .description("saved hosts and endpoints, and how to write targets")
    .addHelpText("after", HELP);
  const run =
    (work: (words: readonly string[], options: AddOptions, world: World) => Promise<number>) =>
    async (words: string[], _: object, command: Command) =>
      finish(await work(words, command.optsWithGlobals<Options>(), world));
  addTargetOptions(targets.command("add [target...]").description("save targets without scanning them"))
    .option("--sudo", "read these hosts as root, if sudo needs no password")
    .addOption(transportOption())
    .action(run(remember));
  targets
    .command("list")
    .description("list the saved targets")
    .action((_: object, command: Command) => listTargets(command.optsWithGlobals<Options>(), world));
  addTargetOptions(
    targets.command("remove [target...]").description("delete targets; keeps what was found there"),
  ).action(run(forget));
  addTargetOptions(
    targets.command("preview [target...]").description("show what targets mean, without connecting"),
  ).action(run(preview));
}

const HELP = `
How to write targets:
  web1.example               SSH on 22 and TLS on 443
  root@web1  web1:22         SSH; with a port: root@web1:2222 or ssh://web1:2222
  web1:8443                  TLS, like any port but 22
  mail:25  db:5432           TLS after STARTTLS: SMTP, LMTP, IMAP, POP3, FTP, LDAP, XMPP, NNTP, sieve, IRC, telnet,
                             PostgreSQL, MySQL, RDP and MS-TDS, on their usual ports
  smtp://mail:2525           the same on another port: smtp lmtp imap pop3 ftp ldap xmpp xmpp-server nntp sieve irc telnet
                             postgres mysql rdp mssql; tls://mail:25 for TLS without STARTTLS
  10.0.0.5:443/shop.example  TLS, with this server name (SNI)
  https://shop.example/...   the endpoint of a URL
  2001:db8::1                IPv6; with a port: [2001:db8::1]:22
  10.0.0.0/24                a network, without its first and last address; IPv6 networks in full
  10.0.0.1-40                a range; also 10.0.0.1-10.0.1.20 and 2001:db8::1-2001:db8::40
  web[01-20].example         a pattern; also db[1,3,7-9] and rack[a-c]
Each may have user@ and :port. Separate them by spaces, commas or lines; # starts a comment. At most 65,536 at once.

Names are resolved by ~/.ssh/config and the system's ssh_config: HostName, User, Port, IdentityFile,
IdentitiesOnly, HostKeyAlias and ProxyJump. A host with another HostName or a proxy there is SSH only. Match exec
blocks are skipped, and never run. Hosts behind a ProxyCommand are read with the ssh of this computer, which runs
that command; latchkey targets preview shows which.

Examples:
  latchkey targets add --from-ssh-config                  every host of ~/.ssh/config
  latchkey targets add --from-ssh-config --ssh-config fleet.conf
  latchkey targets add --from-known-hosts
  latchkey targets add --from hosts.txt                   exits with 1 if a line is invalid`;

async function remember(
  words: readonly string[],
  { sudo = false, transport = "auto", ...options }: AddOptions,
  world: World,
): Promise<number> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = await openApp(options, world, "write");
  await refuseBrokenWords(words, text, app.client);
  const { added, known, broken, notes } = await app.client.targets.add({ ...text, useSudo: sudo, transport });
  const more = known > 0 ? `, ${formatNumber(known)} already known` : "";
  if (options.json) printJson({ added, known, broken, notes }, world);
  else {
    world.out(`${formatCount(added, "target")} added${more}`);
    for (const line of formatNotes(notes)) world.err(line);
  }
  return complain(broken, world);
}

async function forget(words: readonly string[], options: Options, world: World): Promise<number> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = await openApp(options, world, "write");
  await refuseBrokenWords(words, text, app.client);
  const { removed, broken } = await app.client.targets.remove(text);
  if (options.json) printJson({ removed, broken }, world);
  else world.out(`${formatCount(removed, "target")} deleted; what was found there is kept`);
  return complain(broken, world);
}

/** How a text is read, without scanning or storing it. */
async function preview(words: readonly string[], options: Options, world: World): Promise<number> {
  const text = requireTargets(await readTargetText(words, options, world));
  await using app = openEmptyApp(world);
  await refuseBrokenWords(words, text, app.client);
  const { total, ssh, tls, first, broken, notes } = await app.client.targets.preview(text);
  const targets = first.map(formatTarget);
  if (options.json) {
    printJson({ total, ssh, tls, first: targets, broken, notes }, world);
    return complain(broken.first, world);
  }
  const more = total - first.length;
  world.out([...targets, ...(more > 0 ? [`and ${formatNumber(more)} more`] : [])].join("\n"));
  world.out(`\n${formatCount(total, "target")}: ${formatNumber(ssh)} by SSH, ${formatNumber(tls)} by TLS`);
  for (const line of formatNotes(notes)) world.err(line);
  const code = complain(broken.first, world);
  const left = broken.total - broken.first.length;
  if (left > 0) world.err(`  and ${formatNumber(left)} more`);
  return code;
}

/** Names the words and lines that could not be read, and returns the exit code for them. */
function complain(broken: readonly BrokenEntry[], world: World): number {
  for (const line of formatBroken(broken)) world.err(line);
  return broken.length > 0 ? 1 : 0;
}

async function listTargets(options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const targets = await app.client.targets.list();
  if (options.json) return printJson({ targets: targets.map(toTargetJson), total: targets.length }, world);
  if (targets.length === 0)
    return world.out("no target is saved; add one: latchkey targets add root@web1.example");
  world.out(`${printTable(columnsAt(world.now()), targets, world)}\n`);
  world.out(`${formatCount(targets.length, "target")}; latchkey scan scans all of them`);
}

const columnsAt = (now: Date): Column<RememberedTarget>[] => [
  { head: "TARGET", cell: ({ target }) => formatTarget(target), cut: "middle" },
  { head: "BY", cell: formatBy },
  {
    head: "READ AS ROOT",
    cell: ({ target, useSudo }) => (target.kind === "ssh" && useSudo ? "by sudo" : ""),
  },
  { head: "ADDED", cell: ({ addedAt }) => formatElapsed(addedAt, now) },
];

function formatBy({ target, transport, route }: RememberedTarget): string {
  if (target.kind === "ssh" && transport !== "auto") return `SSH (${transport})`;
  return route === "" ? formatKind(target) : `${formatKind(target)} through ${route}`;
}

const toTargetJson = ({ target, useSudo, transport, route, addedAt }: RememberedTarget) => ({
  text: formatTarget(target),
  ...target,
  useSudo,
  transport,
  route,
  addedAt,
});

export type TargetOptions = {
  from?: string;
  fromSshConfig?: boolean;
  fromKnownHosts?: boolean;
  sshConfig?: string;
  ssh?: boolean;
  tls?: boolean;
  starttls?: StartTls;
  serverName?: string[];
};

/** The options by which a command takes targets. */
export const addTargetOptions = (command: Command): Command =>
  command
    .option("--from <file>", "read targets from a file (-: stdin); invalid ones are reported")
    .option("--from-ssh-config", "every host in ~/.ssh/config without a pattern")
    .option("--from-known-hosts", "every name in known_hosts that is not hashed")
    .option("--ssh-config <file>", "use this ssh_config, like ssh -F; none: use no file")
    .option("--ssh", "only by SSH, whatever the port")
    .option("--tls", "only by TLS, whatever the port")
    .addOption(startTlsOption())
    .option("--server-name <name>", "server name (SNI) for targets that have none (repeatable)", collect);

/** For an option that may be repeated. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** The protocol before TLS. */
export const startTlsOption = () =>
  new Option("--starttls <protocol>", "STARTTLS protocol for endpoints whose target names none").choices(
    StartTls.options,
  );

/** The transport of the logins. */
export const transportOption = () =>
  new Option(
    "--transport <program>",
    "log in with the built-in ssh2 or the system's ssh; auto: whichever a host needs",
  ).choices(TransportRequest.options);

const MOST_BYTES = 8 * 1024 * 1024;

/** The targets that a command names by its arguments and options, as the contract takes them. */
export async function readTargetText(
  words: readonly string[],
  options: TargetOptions,
  world: World,
): Promise<TargetText> {
  const { from, ssh, tls, starttls = null } = options;
  if (ssh && tls)
    throw new Refusal("invalid-input", "--ssh and --tls exclude each other; without them both are scanned");
  if (ssh && starttls)
    throw new Refusal("invalid-input", "--ssh and --starttls exclude each other: SSH has no TLS");
  // The file comes first, so that errors count its lines as an editor does.
  const text = [...(from === undefined ? [] : [await readList(from, world)]), words.join(" ")]
    .join("\n")
    .trimEnd();
  return {
    text,
    only: ssh ? "ssh" : tls ? "tls" : null,
    protocol: starttls,
    serverNames: options.serverName ?? [],
    sources: [
      ...(options.fromSshConfig ? ["ssh-config" as const] : []),
      ...(options.fromKnownHosts ? ["known-hosts" as const] : []),
    ],
    sshConfigFile: options.sshConfig ?? null,
    skipBroken: from !== undefined,
  };
}

/** To the contract, no target at all means every stored target, which nobody who names a list can have meant. */
export function requireTargets(targetText: TargetText): TargetText {
  if (targetText.sources.length > 0 || targetText.text.replace(/#.*/g, "").trim()) return targetText;
  throw new Refusal(
    "invalid-input",
    "name a target, such as web1.example or 10.0.0.0/24, or a list with --from",
  );
}

/** A list may have lines that cannot be read; the words beside it must all be right. */
export async function refuseBrokenWords(
  words: readonly string[],
  { skipBroken, ...targetText }: TargetText,
  { targets }: LatchkeyClient,
): Promise<void> {
  if (skipBroken && words.length > 0)
    await targets.preview({ ...targetText, text: words.join(" "), sources: [], skipBroken: false });
}

/** Each word and line that could not be read, for stderr. */
export function formatBroken(broken: readonly BrokenEntry[]): string[] {
  if (broken.length === 0) return [];
  const head =
    broken.length === 1
      ? "latchkey: this target is invalid, and is left out:"
      : `latchkey: these ${formatNumber(broken.length)} targets are invalid, and are left out:`;
  return [
    head,
    ...broken.map(({ where, text, why }) =>
      printable(`  ${where}: ${text === "" ? "it" : `"${text}"`} ${why}`),
    ),
  ];
}

/** The parts of ssh_config that are not followed, for stderr. */
export const formatNotes = (notes: readonly string[]): string[] =>
  notes.map((note) => printable(`latchkey: note: ${note}`));

export async function readList(from: string, world: World): Promise<string> {
  const bytes = from === "-" ? await world.readInput(MOST_BYTES) : await readFileOrRefuse(from, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${from} is larger than 8 MiB, too large for a list of targets`);
  return Buffer.from(bytes).toString("utf8");
}
