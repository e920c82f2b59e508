import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/targets.ts";
import type { Endpoint } from "#shared/model/endpoint.ts";
import type { Probe } from "#shared/model/probe.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanState } from "#shared/model/scan.ts";
import type { TransportWish } from "#shared/model/transport.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { sayOutcome } from "#shared/text/outcome.ts";
import { sayPlace, sayTarget, writeTarget } from "#shared/text/target.ts";
import { followScan } from "./follow-scan.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { type Column, printTable } from "./print-table.ts";
import { readEndpoints, readScan, type VisitedScan } from "./read-scan.ts";
import { SCAN, type Session } from "./session.ts";
import {
  addTargetOptions,
  collect,
  readTargetText,
  refuseBrokenWords,
  requireTargets,
  type TargetOptions,
  transportOption,
} from "./target-text.ts";
import { askToTrust, sayUnasked } from "./trust-new-hosts.ts";
import type { World } from "./world.ts";

type ScanOptions = CommonOptions &
  TargetOptions & {
    failed?: boolean;
    resume?: boolean;
    identity?: string[];
    askPassword?: boolean;
    sudo?: boolean;
    transport?: TransportWish;
    acceptNew?: boolean;
    concurrency?: number;
    proxy?: string;
    jump?: string;
    oneAddress?: boolean;
    offers?: boolean;
    strict?: boolean;
  };

export function addScan(program: Command, { world, finish }: Session): void {
  const scan = program
    .command("scan [target...]")
    .helpGroup(SCAN)
    .description("visit hosts and endpoints, read what they show, and remember it");
  addTargetOptions(scan)
    .option("--failed", "scan again what failed at its last visit")
    .option("--resume", "go on with what the last scan, stopped or killed, did not come to")
    .option("--identity <file>", "log in with this private key; may be given again", collect)
    .option("--ask-password", "where no key lets us in, ask for a password, or for what the host asks")
    .option("--sudo", "read hosts as root by sudo, where that asks for no password")
    .addOption(transportOption())
    .option("--accept-new", "trust the key of a host that was never seen before")
    .option("--proxy <url>", "reach endpoints through socks5://host:port or http://host:port; none: directly")
    .option("--jump <host>", "reach endpoints through this SSH host, as [user@]host[:port]")
    .option("--one-address", "of a name with several addresses greet the first that answers alone")
    .option("--offers", "ask endpoints, by more connections, which TLS versions and groups they take")
    .option("--concurrency <visits>", "visits at a time", wholeNumber(1, 512))
    .option("--strict", "exit with 1 when a target could not be read")
    .addHelpText("after", HELP)
    .action(async (words: string[], _: object, command: Command) =>
      finish(await scanTargets(words, command.optsWithGlobals<ScanOptions>(), world)),
    );
}

const HELP = `
Without a TARGET, all that are remembered are visited; what is scanned is remembered. How targets are
written: latchkey targets --help. Keys come from the agent, from --identity and from ~/.ssh. A host whose
key is not known is asked about at a terminal, and is left alone otherwise; one whose key has changed is
always left alone. Jump hosts of ssh_config are logged in to once, and each key on the way is checked.
Ctrl-C stops a scan and keeps what it has read.

Logins are carried by ssh2, which is built in, and by the ssh of this computer where ssh_config asks for what
only that does (ProxyCommand, CertificateFile, PKCS11Provider, SecurityKeyProvider, GSSAPIAuthentication), where
the host and ssh2 have no key exchange in common, and for certificates and security keys. --transport says
otherwise, and is remembered with the target. A command of the system's ssh_config is run by --transport system
alone; Match exec never is.

A scan writes nothing on a host. In the log of its sshd it leaves what any login does: a connection, the keys
and passwords that were refused and the one that let it in, a session's beginning and its end; with --sudo,
sudo's lines beside it; through a jump host, such a login there. Where an authority may vouch for a host,
a connection that ends before the login asks for its certificate. A host sees one login of ours at a time.

Every address of an endpoint's name is greeted, and where they serve different certificates, that is a finding.
--proxy and --jump lead to endpoints alone, and are remembered with them; hosts go as ssh_config says. A proxy, or
the jump host, looks the names up. Its password does not belong in its address: user@host:port is asked for it.
--offers makes some fourteen connections to each endpoint, one after the other.

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
  endpoints: [{ target, facts, addresses, authorities, offers, timestamps, stapleBytes }] }`;

type Wanted = TargetText & { again: "failed" | "unfinished" | null };
type Visited = VisitedScan & { broken: readonly BrokenEntry[] };

/**
 * Visits targets, or all that are remembered. Answers with 1 when it was strict and one could not be read,
 * and with 3 when it did not come to its end.
 */
async function scanTargets(words: readonly string[], options: ScanOptions, world: World): Promise<number> {
  const given = await readTargetText(words, options, world);
  const text = words.length > 0 || options.from !== undefined ? requireTargets(given) : given;
  const again = chooseAgain(options);
  await using app = openApp(options, world, "write");
  await refuseBrokenWords(words, text, app.client);
  const run = async (wanted: Wanted) => {
    const visit = await visitAll(wanted, options, app.client, world);
    if (!options.json) printScan(visit, world);
    return visit;
  };

  const first = await run({ ...text, again });
  if (options.json) printJson(toJson(first, await readEndpoints(app.client, first.scan.id)), world);
  const visits = [first];
  for (let last = first; last.scan.state === "finished"; ) {
    const unknown = last.failures.filter(({ outcome }) => outcome === "host-key-unknown");
    if (unknown.length === 0) break;
    if (options.json || !world.ask) {
      world.err(sayUnasked(unknown).join("\n"));
      break;
    }
    const trusted = await askToTrust(unknown, app.client, world);
    if (trusted.length === 0) break;
    visits.splice(-1, 1, { ...last, failures: last.failures.filter((probe) => !trusted.includes(probe)) });
    const rest = trusted.map(({ target }) => writeTarget(target)).join("\n");
    // Behind a jump host whose key is known now, there may be hosts whose keys are not.
    last = await run({ ...text, text: rest, only: null, sources: [], skipBroken: false, again: null });
    visits.push(last);
  }
  return codeOf(visits, options);
}

function chooseAgain({ failed, resume }: ScanOptions): Wanted["again"] {
  if (failed && resume)
    throw new Refusal("invalid-input", "--failed and --resume exclude each other; name one of them");
  return failed ? "failed" : resume ? "unfinished" : null;
}

/** Null: as each is remembered. */
function chooseWay({ proxy, jump }: ScanOptions): string | null {
  if (proxy !== undefined && jump !== undefined)
    throw new Refusal("invalid-input", "--proxy and --jump exclude each other; name one of them");
  if (jump !== undefined) return jump.includes("://") ? jump : `ssh://${jump}`;
  return proxy === undefined ? null : proxy.toLowerCase() === "none" ? "" : proxy;
}

async function visitAll(
  wanted: Wanted,
  options: ScanOptions,
  client: LatchkeyClient,
  world: World,
): Promise<Visited> {
  const wish = {
    useSudo: options.sudo ?? null,
    transport: options.transport ?? null,
    acceptNew: options.acceptNew ?? false,
    identityFiles: options.identity ?? [],
    askPassword: options.askPassword ?? false,
    concurrency: options.concurrency ?? null,
    way: chooseWay(options),
    everyAddress: !options.oneAddress,
    asksForOffers: options.offers ?? false,
  };
  const { scanId, broken } = await followScan(client, { ...wanted, ...wish }, world);
  return { ...(await readScan(client, scanId)), broken };
}

function codeOf(visits: readonly Visited[], { strict }: ScanOptions): number {
  if (visits.some(({ scan }) => scan.state !== "finished")) return 3;
  const isComplete = visits.every(
    ({ failures, broken }) => broken.length === 0 && failures.every(({ state }) => state !== "failed"),
  );
  return strict && !isComplete ? 1 : 0;
}

const toJson = (
  { scan: { id, state, ok, failed, partial }, failures, broken }: Visited,
  endpoints: readonly Endpoint[],
) => ({
  scanId: id,
  state,
  probes: { ok, failed, partial },
  failures: failures.map(({ target, outcome, message, jumpHost, transport }) => ({
    target: sayTarget(target),
    outcome,
    message,
    transport,
    jumpHost: jumpHost && sayPlace(jumpHost),
  })),
  broken,
  endpoints: endpoints.map(({ target, facts, addresses, authorities, offers, timestamps, stapleBytes }) => ({
    target: sayTarget(target),
    facts,
    addresses,
    authorities,
    offers,
    timestamps,
    stapleBytes,
  })),
});

const MOST_FAILURES = 50;

/** What a scan met, for people: first what went wrong, then the sum, which stays in view. */
function printScan({ scan, failures }: VisitedScan, world: World): void {
  if (failures.length > 0) {
    world.out(printTable(COLUMNS, failures.slice(0, MOST_FAILURES), world));
    const more = failures.length - MOST_FAILURES;
    if (more > 0) world.out(`and ${sayNumber(more)} more; with --json all are listed`);
    world.out("");
  }
  const { total, ok, partial, failed } = scan;
  const left = total - ok - partial - failed;
  const counts = [
    `${sayNumber(ok)} read`,
    ...(partial > 0 ? [`${sayNumber(partial)} read in part`] : []),
    ...(failed > 0 ? [`${sayNumber(failed)} not read`] : []),
    ...(left > 0 ? [`${sayNumber(left)} not visited`] : []),
  ];
  world.out(`${sayState(scan.state)}${sayCount(total, "target")}: ${counts.join(", ")}`);
}

const sayState = (state: ScanState): string => (state === "finished" ? "" : `${state}: `);

const COLUMNS: Column<Probe>[] = [
  { head: "TARGET", cell: sayWay, cut: "middle" },
  { head: "OUTCOME", cell: ({ outcome }) => sayOutcome(outcome), style: ({ state }) => STYLES[state] },
  // Never cut: it says what to do.
  { head: "WHY", cell: ({ message }) => message },
];

/** A jump host is named where the outcome is about it. */
function sayWay({ target, jumpHost }: Probe): string {
  return jumpHost ? `${sayTarget(target)} (via ${sayPlace(jumpHost)})` : sayTarget(target);
}

const STYLES = { ok: "green", partial: "yellow", failed: "red" } as const;
