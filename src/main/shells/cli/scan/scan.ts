import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/scans.ts";
import type { Endpoint } from "#shared/model/hosts/endpoint.ts";
import type { HostKeyView, Probe, TransportRequest } from "#shared/model/hosts/probe.ts";
import type { ScanState } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatOutcome } from "#shared/text/hosts/endpoint.ts";
import { formatHostAddress, formatTarget, writeTarget } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { clearOver } from "#shells/cli/change/follow-run.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { SCAN, type Session, type World } from "#shells/cli/session.ts";
import { followScan, type ProbedScan, readEndpoints, readScan } from "./follow-scan.ts";
import {
  addTargetOptions,
  collect,
  readTargetText,
  refuseBrokenWords,
  requireTargets,
  type TargetOptions,
  transportOption,
} from "./targets.ts";

type ScanOptions = CommonOptions &
  TargetOptions & {
    failed?: boolean;
    resume?: boolean;
    identity?: string[];
    askPassword?: boolean;
    sudo?: boolean;
    transport?: TransportRequest;
    acceptNew?: boolean;
    concurrency?: number;
    proxy?: string;
    jump?: string;
    oneAddress?: boolean;
    capabilities?: boolean;
    strict?: boolean;
  };

export function addScan(program: Command, { world, finish }: Session): void {
  const scan = program
    .command("scan [target...]")
    .helpGroup(SCAN)
    .description("connect to hosts and endpoints, read their keys and certificates, and store them");
  addTargetOptions(scan)
    .option("--failed", "scan again what failed last time")
    .option("--resume", "continue the last scan, if it was stopped or killed")
    .option("--identity <file>", "log in with this private key (repeatable)", collect)
    .option("--ask-password", "if no key can log in, prompt for a password, or for what the host prompts for")
    .option("--sudo", "read hosts as root, if sudo needs no password")
    .addOption(transportOption())
    .option("--accept-new", "trust the host keys of new hosts")
    .option("--proxy <url>", "reach endpoints through socks5://host:port or http://host:port; none: directly")
    .option("--jump <host>", "reach endpoints through this SSH host, as [user@]host[:port]")
    .option("--one-address", "of a name with several addresses, probe only the first that answers")
    .option("--capabilities", "find out which TLS versions and groups endpoints support (more connections)")
    .option("--concurrency <targets>", "targets at a time", wholeNumber(1, 512))
    .option("--strict", "exit 1 if a target could not be read at all")
    .addHelpText("after", HELP)
    .action(async (words: string[], _: object, command: Command) =>
      finish(await scanTargets(words, command.optsWithGlobals<ScanOptions>(), world)),
    );
}

const HELP = `
Without a TARGET, all saved targets are scanned; new targets are saved. For how to write them, see latchkey targets
--help. Keys come from the agent, from --identity and from ~/.ssh. If the key of a host is not known, you are asked
at a terminal, and otherwise the host is skipped; a host whose key has changed is always skipped. The host keys of
jump hosts are checked likewise. Ctrl-C stops a scan and keeps what it has read.

Logins use the built-in ssh2, or the ssh of this computer if ssh_config asks for something that only it supports
(ProxyCommand, CertificateFile, PKCS11Provider, SecurityKeyProvider, GSSAPIAuthentication), if ssh2 and the host have
no key exchange in common, and for certificates and security keys. --transport overrides this, and is saved with the
target. Commands in the system's ssh_config run only with --transport system; Match exec never runs.

A scan writes nothing on a host. The log of its sshd shows what any login leaves: a connection, refused keys and
passwords, the accepted key, and the session; with --sudo also sudo's own entries; and the login on each jump host.
If host certificates are in use, an extra connection that ends before the login fetches the host's certificate. A
host sees only one login at a time.

All addresses of an endpoint's name are probed; if they serve different certificates, that is a finding. --proxy and
--jump apply to endpoints only, and are saved with them; SSH hosts are reached as ssh_config says. Names are resolved
by the proxy or jump host. For a proxy with a password, write user@host:port, and you are asked for it.
--capabilities makes about fourteen connections to each endpoint, one after the other.

Examples:
  latchkey scan root@web1.example shop.example:443
  latchkey scan 10.0.0.5-9:443 --server-name shop.example --server-name www.example
  latchkey scan intranet.example:443 --proxy socks5://127.0.0.1:1080
  latchkey scan 10.0.0.0/24 --tls
  latchkey scan --from hosts.txt --sudo --accept-new --strict
  latchkey scan --from-ssh-config
  latchkey scan --failed

With --json: { scanId, state, probes: { ok, failed, partial },
  failures: [{ target, outcome, message, transport, jumpHost }], broken: [{ where, text, why }],
  endpoints: [{ target, facts, addresses, authorities, capabilities, timestamps, stapleBytes }] }`;

type ScanRequest = TargetText & { again: "failed" | "unfinished" | null };
type ScannedTargets = ProbedScan & { broken: readonly BrokenEntry[] };

/**
 * Scans targets, or all that are stored. Returns 1 if a strict scan could not read one of them, and 3 if the scan did
 * not complete.
 */
async function scanTargets(words: readonly string[], options: ScanOptions, world: World): Promise<number> {
  const targetText = await readTargetText(words, options, world);
  const text = words.length > 0 || options.from !== undefined ? requireTargets(targetText) : targetText;
  const again = chooseAgain(options);
  await using app = await openApp(options, world, "write");
  await refuseBrokenWords(words, text, app.client);
  const run = async (request: ScanRequest) => {
    const scan = await runScan(request, options, app.client, world);
    if (!options.json) printScan(scan, world);
    return scan;
  };

  const first = await run({ ...text, again });
  if (options.json) printJson(toJson(first, await readEndpoints(app.client, first.scan.id)), world);
  const scans = [first];
  for (let last = first; last.scan.state === "finished"; ) {
    const unknown = last.failures.filter(({ outcome }) => outcome === "host-key-unknown");
    if (unknown.length === 0) break;
    if (options.json || !world.promptUser) {
      world.err(formatUnasked(unknown).join("\n"));
      break;
    }
    const trusted = await confirmTrust(unknown, app.client, world);
    if (trusted.length === 0) break;
    scans.splice(-1, 1, { ...last, failures: last.failures.filter((probe) => !trusted.includes(probe)) });
    const rest = trusted.map(({ target }) => writeTarget(target)).join("\n");
    // Behind a jump host whose key is known now, there may be hosts whose keys are not.
    last = await run({ ...text, text: rest, only: null, sources: [], skipBroken: false, again: null });
    scans.push(last);
  }
  await clearOver(app.client, world, options.json ?? false);
  return codeOf(scans, options);
}

function chooseAgain({ failed, resume }: ScanOptions): ScanRequest["again"] {
  if (failed && resume)
    throw new Refusal("invalid-input", "--failed and --resume exclude each other; name one of them");
  return failed ? "failed" : resume ? "unfinished" : null;
}

/** Null: as stored for each target. */
function chooseProxy({ proxy, jump }: ScanOptions): string | null {
  if (proxy !== undefined && jump !== undefined)
    throw new Refusal("invalid-input", "--proxy and --jump exclude each other; name one of them");
  if (jump !== undefined) return jump.includes("://") ? jump : `ssh://${jump}`;
  return proxy === undefined ? null : proxy.toLowerCase() === "none" ? "" : proxy;
}

async function runScan(
  request: ScanRequest,
  options: ScanOptions,
  client: LatchkeyClient,
  world: World,
): Promise<ScannedTargets> {
  const scanOptions = {
    useSudo: options.sudo ?? null,
    transport: options.transport ?? null,
    acceptNew: options.acceptNew ?? false,
    identityFiles: options.identity ?? [],
    promptsForPassword: options.askPassword ?? false,
    concurrency: options.concurrency ?? null,
    proxy: chooseProxy(options),
    everyAddress: !options.oneAddress,
    probesCapabilities: options.capabilities ?? false,
  };
  const { scanId, broken } = await followScan(client, { ...request, ...scanOptions }, world);
  return { ...(await readScan(client, scanId)), broken };
}

function codeOf(scans: readonly ScannedTargets[], { strict }: ScanOptions): number {
  if (scans.some(({ scan }) => scan.state !== "finished")) return 3;
  const isComplete = scans.every(
    ({ failures, broken }) => broken.length === 0 && failures.every(({ state }) => state !== "failed"),
  );
  return strict && !isComplete ? 1 : 0;
}

const toJson = (
  { scan: { id, state, ok, failed, partial }, failures, broken }: ScannedTargets,
  endpoints: readonly Endpoint[],
) => ({
  scanId: id,
  state,
  probes: { ok, failed, partial },
  failures: failures.map(({ target, outcome, message, jumpHost, transport }) => ({
    target: formatTarget(target),
    outcome,
    message,
    transport,
    jumpHost: jumpHost && formatHostAddress(jumpHost),
  })),
  broken,
  endpoints: endpoints.map(
    ({ target, facts, addresses, authorities, capabilities, timestamps, stapleBytes }) => ({
      target: formatTarget(target),
      facts,
      addresses,
      authorities,
      capabilities,
      timestamps,
      stapleBytes,
    }),
  ),
});

const MOST_FAILURES = 50;

/** The results of a scan, for people: failures first, then the sum, which stays in view. */
function printScan({ scan, failures }: ProbedScan, world: World): void {
  if (failures.length > 0) {
    world.out(printTable(COLUMNS, failures.slice(0, MOST_FAILURES), world));
    const more = failures.length - MOST_FAILURES;
    if (more > 0) world.out(`and ${formatNumber(more)} more; use --json to list all`);
    world.out("");
  }
  const { total, ok, partial, failed } = scan;
  const left = total - ok - partial - failed;
  const counts = [
    `${formatNumber(ok)} read`,
    ...(partial > 0 ? [`${formatNumber(partial)} read in part`] : []),
    ...(failed > 0 ? [`${formatNumber(failed)} not read`] : []),
    ...(left > 0 ? [`${formatNumber(left)} not scanned`] : []),
  ];
  world.out(`${formatState(scan.state)}${formatCount(total, "target")}: ${counts.join(", ")}`);
}

const formatState = (state: ScanState): string => (state === "finished" ? "" : `${state}: `);

const COLUMNS: Column<Probe>[] = [
  { head: "TARGET", cell: formatRoute, cut: "middle" },
  { head: "OUTCOME", cell: ({ outcome }) => formatOutcome(outcome), style: ({ state }) => STYLES[state] },
  // Never cut: it says what to do.
  { head: "WHY", cell: ({ message }) => message },
];

/** A jump host is named where the outcome is about it. */
function formatRoute({ target, jumpHost }: Probe): string {
  return jumpHost ? `${formatTarget(target)} (via ${formatHostAddress(jumpHost)})` : formatTarget(target);
}

const STYLES = { ok: "green", partial: "yellow", failed: "red" } as const;

/** A machine whose key is not known, and the probes that ended there: one, or as many as lie behind a jump host. */
type UnknownHost = {
  address: { host: string; port: number };
  isJumpHost: boolean;
  hostKey: HostKeyView;
  probes: Probe[];
};

/** Prompts for each key that no scan has met before, and pins those that the user confirms. Returns their probes. */
async function confirmTrust(
  unknown: readonly Probe[],
  client: LatchkeyClient,
  { promptUser, err }: World,
): Promise<Probe[]> {
  const trusted: Probe[] = [];
  for (const { address, isJumpHost, hostKey, probes } of groupByHost(unknown)) {
    if (!promptUser) continue;
    const { keyType, fingerprint } = hostKey;
    const who = isJumpHost ? `the jump host ${formatHostAddress(address)}` : formatHostAddress(address);
    err(`\n${printable(`${who} presents an unknown host key:`)}`);
    err(printable(`  ${keyType} ${fingerprint}`));
    const reply = await promptUser("Does the host's administrator confirm this fingerprint? [y/N] ");
    if (!/^y(es)?$/i.test(reply.trim())) continue;
    await client.hosts.trustKey({ ...address, fingerprint });
    trusted.push(...probes);
  }
  return trusted;
}

const MOST_SHOWN = 20;

/** What to do if nobody is at a terminal. */
function formatUnasked(unknown: readonly Probe[]): string[] {
  const hosts = groupByHost(unknown);
  const keys = hosts
    .slice(0, MOST_SHOWN)
    .map(({ address, isJumpHost, hostKey: { keyType, fingerprint } }) => {
      return `  ${formatHostAddress(address)} ${keyType} ${fingerprint}${isJumpHost ? " (a jump host)" : ""}`;
    });
  const more = hosts.length - MOST_SHOWN;
  return [
    `latchkey: ${formatCount(hosts.length, "host presents", "hosts present")} an unknown host key:`,
    ...keys,
    ...(more > 0 ? [`  and ${formatNumber(more)} more`] : []),
    "check the fingerprints, then scan again with --accept-new, or at a terminal to confirm them",
  ].map(printable);
}

function groupByHost(unknown: readonly Probe[]): UnknownHost[] {
  const groups = Map.groupBy(unknown, ({ target, jumpHost, hostKey }) => {
    return `${formatHostAddress(jumpHost ?? target)} ${hostKey?.fingerprint}`;
  });
  return [...groups.values()].flatMap((probes) => {
    const [first] = probes;
    if (!first?.hostKey) return [];
    const { host, port } = first.jumpHost ?? first.target;
    return [{ address: { host, port }, isJumpHost: first.jumpHost !== null, hostKey: first.hostKey, probes }];
  });
}
