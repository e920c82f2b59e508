import type { Command } from "commander";
import { sayTarget, writeTarget } from "#shared/text/target.ts";
import { followScan } from "./follow-scan.ts";
import { type CommonOptions, openApp, printJson, wholeNumber } from "./options.ts";
import { printScan } from "./print-scan.ts";
import { readScan, type VisitedScan } from "./read-scan.ts";
import { SCAN, type Session } from "./session.ts";
import {
  addTargetOptions,
  readTargetText,
  refuseBrokenWords,
  requireTargets,
  type TargetOptions,
} from "./target-text.ts";
import { askToTrust, sayUnasked } from "./trust-new-hosts.ts";
import type { World } from "./world.ts";

type ScanOptions = CommonOptions &
  TargetOptions & {
    identity?: string[];
    sudo?: boolean;
    acceptNew?: boolean;
    concurrency?: number;
    strict?: boolean;
  };

export function addScan(program: Command, { world, finish }: Session): void {
  const scan = program
    .command("scan [target...]")
    .helpGroup(SCAN)
    .description("visit hosts and endpoints, read what they show, and remember it");
  addTargetOptions(scan)
    .option("--identity <file>", "log in with this private key; may be given again", collect)
    .option("--sudo", "read hosts as root by sudo, where that asks for no password")
    .option("--accept-new", "trust the key of a host that was never seen before")
    .option("--concurrency <visits>", "visits at a time", wholeNumber(1, 512))
    .option("--strict", "exit with 1 when a target could not be read")
    .addHelpText("after", HELP)
    .action(async (words: string[], _: object, command: Command) =>
      finish(await scanTargets(words, command.optsWithGlobals<ScanOptions>(), world)),
    );
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

const HELP = `
Without a TARGET, all that are remembered are visited; what is scanned is remembered. How targets are
written: latchkey targets --help. Keys come from the agent, from --identity and from ~/.ssh. A host whose
key is not known is asked about at a terminal, and is left alone otherwise; one whose key has changed is
always left alone. Ctrl-C stops a scan and keeps what it has read.

Examples:
  latchkey scan root@web1.example shop.example:443
  latchkey scan 10.0.0.0/24 --tls
  latchkey scan --from hosts.txt --sudo --accept-new --strict

With --json: { scanId, state, probes: { ok, failed, partial }, failures: [{ target, outcome, message }] }`;

/**
 * Visits targets, or all that are remembered. Answers with 1 when it was strict and one could not be read,
 * and with 3 when it did not come to its end.
 */
async function scanTargets(words: readonly string[], options: ScanOptions, world: World): Promise<number> {
  const given = await readTargetText(words, options, world);
  const text = words.length > 0 || options.from !== undefined ? requireTargets(given) : given;
  await using app = openApp(options, world, "write");
  await refuseBrokenWords(words, text, app.client);
  const wish = {
    useSudo: options.sudo ?? null,
    acceptNew: options.acceptNew ?? false,
    identityFiles: options.identity ?? [],
    concurrency: options.concurrency ?? null,
  };
  const run = async (wanted: typeof text) => {
    const { scanId } = await followScan(app.client, { ...wanted, ...wish }, world);
    const visit = await readScan(app.client, scanId);
    if (!options.json) printScan(visit, world);
    return visit;
  };

  const first = await run(text);
  if (options.json) printJson(toJson(first), world);
  const unknown = first.failures.filter(({ outcome }) => outcome === "host-key-unknown");
  if (unknown.length === 0 || first.scan.state !== "finished") return codeOf([first], options);
  if (options.json || !world.ask) {
    world.err(sayUnasked(unknown).join("\n"));
    return codeOf([first], options);
  }
  const trusted = await askToTrust(unknown, app.client, world);
  if (trusted.length === 0) return codeOf([first], options);
  const again = trusted.map(({ target }) => writeTarget(target)).join("\n");
  const second = await run({ ...text, text: again, only: null, sources: [] });
  const refused = first.failures.filter((probe) => !trusted.includes(probe));
  return codeOf([{ ...first, failures: refused }, second], options);
}

function codeOf(visits: readonly VisitedScan[], { strict }: ScanOptions): number {
  if (visits.some(({ scan }) => scan.state !== "finished")) return 3;
  const isComplete = visits.every(({ failures }) => failures.every(({ state }) => state !== "failed"));
  return strict && !isComplete ? 1 : 0;
}

const toJson = ({ scan: { id, state, ok, failed, partial }, failures }: VisitedScan) => ({
  scanId: id,
  state,
  probes: { ok, failed, partial },
  failures: failures.map(({ target, outcome, message }) => ({ target: sayTarget(target), outcome, message })),
});
