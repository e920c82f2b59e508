import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunOrder } from "#shared/model/run.ts";
import { formatHost } from "#shared/text/plan.ts";
import { printable } from "#shared/text/printable.ts";
import { type CommonOptions, openApp, printJson } from "./options.ts";
import { readFileOrRefuse } from "./read-file.ts";
import { readRunId } from "./run-id.ts";
import { collect } from "./target-text.ts";
import type { World } from "./world.ts";

type CsrOptions = CommonOptions & { out?: string };
type GivenOptions = CommonOptions & { file?: string[] };

const MOST_BYTES = 1_000_000;

/** What a person brings to a CA, and what comes back. */
export function addRunsCertificate(runs: Command, world: World): void {
  runs
    .command("csr <run>")
    .description("print the certificate requests of a run (PEM)")
    .option("--out <folder>", "write each to its own file in this folder")
    .addHelpText("after", "\nWith --json: { orders }")
    .action((id: string, _: object, command: Command) =>
      showRequests(id, command.optsWithGlobals<CsrOptions>(), world),
    );
  runs
    .command("certificate <run>")
    .description("hand in the certificates that a run waits for")
    .option("--file <file>", "a certificate with its chain, PEM or DER (repeatable)", collect)
    .addHelpText("after", HELP)
    .action((id: string, _: object, command: Command) =>
      giveAll(id, command.optsWithGlobals<GivenOptions>(), world),
    );
}

const HELP = `
Each certificate is compared with its request: it must be for the same key, for all requested names and all names served
now, valid now, and with a complete chain. Then latchkey runs resume deploys it.

With --json: { imported }`;

async function showRequests(text: string, options: CsrOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = openApp(options, world, "read");
  const { orders } = await app.client.runbooks.find({ runId });
  const made = orders.filter(({ csr }) => csr !== null);
  if (made.length === 0)
    throw new Refusal("conflict", `run ${runId} has created no request yet, or renews no certificate`);
  if (options.json) return printJson({ orders }, world);
  if (options.out !== undefined) await mkdir(options.out, { recursive: true, mode: 0o755 });
  for (const order of made) {
    const { csr, names } = order;
    world.out(printable(`${formatHost(order)}: ${names.join(", ")}`));
    if (options.out === undefined) world.out(csr ?? "");
    else {
      const path = join(options.out, fileOf(order));
      await writeFile(path, csr ?? "", { mode: 0o644 });
      world.out(printable(`  ${path}`));
    }
  }
}

/** A name of a file, whatever the host is called. */
const fileOf = ({ host, port, change }: RunOrder): string =>
  `${host.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^[.-]/, "_")}-${port}-${change}.csr`;

async function giveAll(text: string, options: GivenOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  const { file = [] } = options;
  if (file.length === 0) throw new Refusal("invalid-input", "name the file of the certificate with --file");
  await using app = openApp(options, world, "write");
  const imported: Awaited<ReturnType<typeof app.client.runbooks.giveCertificate>>[] = [];
  for (const path of file) {
    const bytes = await readFileOrRefuse(path, MOST_BYTES);
    if (bytes === null)
      throw new Refusal("too-many", `${path} is larger than 1 MB, too large for a certificate`);
    const one = await app.client.runbooks.giveCertificate({ runId, text: textOf(bytes) });
    imported.push(one);
    if (options.json) continue;
    world.out(printable(`${path} is accepted for ${formatHost(one)}: ${one.sha256}`));
    for (const note of one.notes) world.out(printable(`  ${note}`));
  }
  if (options.json) printJson({ imported }, world);
  else world.out(`go on: latchkey runs resume ${runId}`);
}

/** PEM as it is; anything else is DER. */
const textOf = (bytes: Uint8Array): string => {
  const view = Buffer.from(bytes);
  return view.includes("-----BEGIN ") ? view.toString("utf8") : view.toString("base64");
};
