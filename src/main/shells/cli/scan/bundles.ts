import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { type Claim, MOST_BUNDLE_BYTES } from "#shared/model/hosts/bundle.ts";
import type { ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import { describeImported, formatClaimReason, formatSignature } from "#shared/text/hosts/bundle.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { CLAIM_REMEDY, describeClaim } from "#shared/text/runs/result-claim.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp, openEmptyApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, explain, printJson, wholeNumber } from "#shells/cli/options.ts";
import { REPORT, SCAN, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type ImportOptions = CommonOptions & {
  as?: string;
  approveUnverified?: string[];
  signer?: string[];
  requireSignature?: boolean;
};

type BundleImport = Parameters<LatchkeyClient["bundles"]["import"]>[0];

const MOST_SIGNATURE_BYTES = 65_536;
const MOST_SIGNERS_BYTES = 1024 * 1024;

export function addBundles(program: Command, { world, finish }: Session): void {
  program
    .command("collector")
    .helpGroup(SCAN)
    .description("print the collector script, for hosts that cannot be reached over the network")
    .option("--instructions", "print instructions for using it there")
    .addHelpText("after", COLLECTOR_HELP)
    .action((_: object, command: Command) =>
      printCollector(command.optsWithGlobals<CommonOptions & { instructions?: boolean }>(), world),
    );
  program
    .command("import <bundle...>")
    .helpGroup(SCAN)
    .description("import what the collector or an offline script wrote on a host")
    .option("--as <name>", "the name of the host (NAME or NAME:PORT), if its host keys are not known yet")
    .addOption(
      new Option(
        "--signer <file|fingerprint>",
        "accept signatures by this key, in addition to the keys of the people sources",
      ).argParser((value: string, before: string[] = []) => [...before, value]),
    )
    .option("--require-signature", "refuse bundles that are not signed by a known person")
    .addOption(
      new Option(
        "--approve-unverified <host>",
        "keep an unverified bundle of this host as a claim, beside what is known",
      ).argParser((value: string, before: string[] = []) => [...before, value]),
    )
    .addHelpText("after", IMPORT_HELP)
    .action(async (files: string[], _: object, command: Command) =>
      finish(await importBundles(files, command.optsWithGlobals<ImportOptions>(), world)),
    );
}

const COLLECTOR_HELP = `
Examples:
  latchkey collector > collect.sh                    copy it to the host, and run: sh collect.sh > web1.bundle
  latchkey collector --instructions                  what to copy, what to type there, what a bundle contains
  latchkey import web1.bundle                        when you have the bundle here`;

const IMPORT_HELP = `
A bundle becomes a scan of one host, dated by that host's own clock. Its host keys say which host it is; if no known
host has them, the bundle adds a new host, named as it names itself or by --as. Importing a bundle twice changes nothing.
A bundle that is truncated, altered, older than what is known, or more than five minutes in the future is refused.

Run as root, the collector signs the bundle with the host's own keys. If the host is pinned, or was scanned from here, a
bundle without that signature is refused, unless --approve-unverified names the host: then it is kept as a claim beside
what is known, and changes nothing (latchkey claims lists them). For any other host it is imported, and marked as claimed.

The result of an offline script (latchkey-result-2) is added to its run. Run as root, the script signs it with the host's
own key. A result that neither the host nor a known person has signed is only a claim: it is shown, and changes nothing.

A person's signature is expected beside the file, as FILE.sig: ssh-keygen -Y sign -n latchkey-bundle -f KEY FILE. It
says who vouches for the bundle, not which host the bundle is from.

Examples:
  latchkey import web1.bundle db1.bundle
  latchkey import --as vault.corp vault.bundle
  latchkey import --require-signature --signer auditor.pub web1.bundle
  latchkey import --approve-unverified web1 web1.bundle

Exit codes: 0 all imported; 1 a result is only a claim, or leaves out an account; 2 some were refused, and nothing of those was kept.
With --json: { bundles: [{ file, ... }] }; a refused one has { file, refused }, with the reason.`;

async function printCollector(
  { instructions: wantsPage = false, ...options }: CommonOptions & { instructions?: boolean },
  world: World,
): Promise<void> {
  await using app = openEmptyApp(world);
  const { script: unnumbered, instructions } = await app.client.bundles.collector();
  // `out` adds a line end to what it prints.
  if (wantsPage && !options.json) return world.out(instructions.replace(/\n$/, ""));
  const script = (await issueCollector(options, world)) ?? unnumbered;
  if (options.json) return printJson({ script, instructions }, world);
  world.out(script.replace(/\n$/, ""));
}

/** The collector with a serial number that is stored; null, with a warning, if the database cannot be written. */
async function issueCollector(options: CommonOptions, world: World): Promise<string | null> {
  try {
    await using app = await openApp(options, world, "write");
    return (await app.client.bundles.issueCollector()).script;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    world.err(
      `latchkey: this collector has no serial number, so its bundles cannot be traced to it: ${printable(error.message)}`,
    );
    return null;
  }
}

type Result = Awaited<ReturnType<LatchkeyClient["runs"]["importResult"]>>;
type Answer =
  | { file: string; imported: ImportedBundle }
  | { file: string; result: Result }
  | { file: string; refused: string };

/** Answers each bundle: one that is refused stops no other. */
async function importBundles(
  files: readonly string[],
  options: ImportOptions,
  world: World,
): Promise<number> {
  if (options.as !== undefined && files.length > 1)
    throw new Refusal("invalid-input", "--as names one host; import one bundle at a time");
  await using app = await openApp(options, world, "write");
  const common = await readCommon(options, app.client);
  const codes = [0];
  const answers: Answer[] = [];
  const refuse = (file: string, error: unknown) => {
    const aside = {
      ...world,
      err: (text: string) => answers.push({ file, refused: text.replace(/^latchkey: /, "") }),
    };
    codes.push(explain(error, aside));
  };
  const readBundles: { file: string; bundle: BundleImport }[] = [];
  for (const file of files) {
    try {
      const bundle = { ...common, ...(await readBundleFile(file)) };
      if (isResult(bundle)) {
        const result = await app.client.runs.importResult(bundle);
        if (result.verifiedBy === null || result.leftOut.length > 0) codes.push(1);
        answers.push({ file, result });
      } else readBundles.push({ file, bundle });
    } catch (error) {
      refuse(file, error);
    }
  }
  for (const { file, bundle } of await oldestFirst(readBundles, app.client)) {
    try {
      answers.push({ file, imported: await app.client.bundles.import(bundle) });
    } catch (error) {
      refuse(file, error);
    }
  }
  if (options.json) printJson({ bundles: answers.map(toJson) }, world);
  else for (const answer of answers) printAnswer(answer, world);
  return Math.max(...codes);
}

/** Imports several bundles of one host from the oldest on, so that the newest counts and none is refused as too old. */
async function oldestFirst<One extends { bundle: BundleImport }>(
  imports: readonly One[],
  { bundles }: LatchkeyClient,
): Promise<One[]> {
  if (imports.length < 2) return [...imports];
  const dated: { one: One; at: string }[] = [];
  for (const one of imports)
    dated.push({
      one,
      at: await bundles.inspect(one.bundle).then(
        ({ collectedAt }) => collectedAt,
        () => "",
      ),
    });
  return dated.toSorted((one, other) => (one.at < other.at ? -1 : 1)).map(({ one }) => one);
}

async function readCommon(
  { as, approveUnverified = [], signer = [], requireSignature = false }: ImportOptions,
  client: LatchkeyClient,
): Promise<Pick<BundleImport, "as" | "approved" | "signers" | "requireSignature">> {
  const signers = [];
  const approved = [];
  for (const host of approveUnverified)
    approved.push(await readAccountAddress({ text: host, option: "--approve-unverified" }, client));
  for (const one of signer) signers.push(one.startsWith("SHA256:") ? one : await readSigners(one));
  return {
    as: as === undefined ? null : await readAccountAddress({ text: as, option: "--as" }, client),
    approved,
    signers: signers.join("\n"),
    requireSignature,
  };
}

async function readAccountAddress(
  { text, option }: { text: string; option: string },
  { targets }: LatchkeyClient,
): Promise<{ host: string; port: number }> {
  const { total, first } = await targets.preview({ text, only: "ssh" });
  const [target] = first;
  if (total !== 1 || target?.kind !== "ssh")
    throw new Refusal("invalid-input", `${option} ${text} means ${formatCount(total, "host")}; name one`);
  return { host: target.host, port: target.port };
}

async function readSigners(path: string): Promise<string> {
  const bytes = await readFileOrRefuse(path, MOST_SIGNERS_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 1 MiB, too large for a list of signers`);
  return Buffer.from(bytes).toString("utf8");
}

async function readBundleFile(path: string): Promise<Pick<BundleImport, "base64" | "signature">> {
  const bytes = await readFileOrRefuse(path, MOST_BUNDLE_BYTES);
  if (bytes === null) throw new Refusal("too-many", "it is larger than 16 MiB, too large for a bundle");
  return { base64: Buffer.from(bytes).toString("base64"), signature: await readSignature(`${path}.sig`) };
}

async function readSignature(path: string): Promise<string | null> {
  if (!existsSync(path)) return null;
  const bytes = await readFileOrRefuse(path, MOST_SIGNATURE_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 64 KiB, too large for a signature`);
  return Buffer.from(bytes).toString("utf8");
}

/** The result of an offline script begins with these bytes. */
const isResult = ({ base64 }: Pick<BundleImport, "base64">): boolean =>
  Buffer.from(base64.slice(0, 64), "base64").toString("latin1").startsWith("latchkey-result-");

const toJson = (answer: Answer) =>
  "imported" in answer ? { file: answer.file, ...answer.imported } : answer;

/** The sentence about a file that cannot be read names the file already. */
const formatRefused = ({ file, refused }: { file: string; refused: string }): string =>
  refused.startsWith(printable(file)) ? refused : `${printable(file)}: ${refused}`;

function printAnswer(answer: Answer, world: World): void {
  const file = printable(answer.file);
  if ("refused" in answer) world.err(`latchkey: ${formatRefused(answer)}`);
  else if ("result" in answer) world.out(`${file}: ${printable(formatResult(answer.result))}`);
  else world.out(`${file}: ${printable(describeImported(answer.imported))}`);
  for (const note of "imported" in answer ? answer.imported.notes : []) world.err(`  ${printable(note)}`);
}

function formatResult(result: Result): string {
  const { runId, state, host, port, outcome, message, verifiedBy, signature, wasKnown } = result;
  const known = wasKnown ? "already imported, nothing changed; " : "";
  const run = `run ${runId} is ${state}${message && `: ${message}`}`;
  if (verifiedBy === null) return `${known}${describeClaim(result)}; ${CLAIM_REMEDY}; ${run}`;
  const next = state === "waiting" ? `; write the next scripts: latchkey runs scripts ${runId} FOLDER` : "";
  const stale =
    state === "committed" && !wasKnown
      ? "; scan its hosts again, or import new bundles, to see the change here"
      : "";
  return `${known}${formatHostAddress({ host, port })} is ${outcome}, ${signature}; ${run}${next}${stale}`;
}

type ClaimOptions = CommonOptions & { drop?: number };

export function addClaims(program: Command, { world }: Session): void {
  program
    .command("claims")
    .helpGroup(REPORT)
    .description("what unverified bundles claim about hosts that are already known")
    .option("--drop <number>", "delete the claim with this number", wholeNumber(1, 999_999_999))
    .addHelpText("after", CLAIMS_HELP)
    .action((_: object, command: Command) => claims(command.optsWithGlobals<ClaimOptions>(), world));
}

const CLAIMS_HELP = `
A claim is a bundle of a pinned or scanned host that the host's key has not signed. It is kept beside what is known,
and changes none of it. "+" is only in the bundle, "-" is known and not in the bundle.

With --json: { claims: [{ id, host, port, collectedAt, importedAt, why, differences, ... }] }`;

async function claims({ drop, ...options }: ClaimOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, drop === undefined ? "read" : "write");
  const { bundles } = app.client;
  if (drop !== undefined) {
    await bundles.dropClaim({ id: drop });
    return options.json ? printJson({ dropped: drop }, world) : world.out(`claim ${drop} is deleted`);
  }
  const all = await bundles.claims();
  if (options.json) return printJson({ claims: all }, world);
  if (all.length === 0) return world.out("no unverified bundle claims anything about a known host");
  for (const claim of all) for (const line of formatClaimLines(claim)) world.out(printable(line));
}

function formatClaimLines(claim: Claim): string[] {
  const { id, collectedAt, importedAt, readAs, accountCount, why, signature, differences } = claim;
  return [
    `${id}  ${formatHostAddress(claim)}: read as ${readAs}, ${formatCount(accountCount, "account")}, collected ${collectedAt}, imported ${importedAt}`,
    `    ${formatClaimReason(why)}; ${formatSignature(signature)}`,
    ...(differences.length === 0 ? ["    it claims nothing that differs from what is known"] : []),
    ...differences.flatMap(({ what, claimedCount, claimed, knownCount, known }) => [
      ...formatNamed(`+ ${what}`, claimed, claimedCount),
      ...formatNamed(`- ${what}`, known, knownCount),
    ]),
  ];
}

const formatNamed = (head: string, named: readonly string[], count: number): string[] => [
  ...named.map((one) => `    ${head} ${one}`),
  ...(count > named.length ? [`    ${head}: ${count - named.length} more`] : []),
];
