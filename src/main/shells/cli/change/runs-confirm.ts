import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { CHALLENGE_NAMESPACE, type RunDetail, type RunId, type RunOrder } from "#shared/model/runs/run.ts";
import { formatAccount, formatHost } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson } from "#shells/cli/options.ts";
import { collect } from "#shells/cli/scan/targets.ts";
import type { World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";
import { readRunId } from "./follow-run.ts";

type ChallengeOptions = CommonOptions & { out?: string };
type ConfirmOptions = CommonOptions & { signature?: string; approve?: string[] };

const MOST_BYTES = 65_536;

/** Confirms a new key that somebody else has, in place of a login with it. */
export function addRunsConfirm(runs: Command, world: World): void {
  runs
    .command("challenge <run>")
    .description("print the challenge that the owner of a new key signs")
    .option("--out <file>", "write it to this file")
    .addHelpText("after", "\nWith --json: { challenge, namespace }")
    .action((id: string, _: object, command: Command) =>
      challenge(id, command.optsWithGlobals<ChallengeOptions>(), world),
    );
  runs
    .command("confirm <run>")
    .description("confirm by a signature that its owner has the new key, or approve accounts")
    .option("--signature <file>", "the signature of the challenge, by the new key")
    .option(
      "--approve <user@host>",
      "accept without verification that the new key works there (repeatable)",
      collect,
    )
    .addHelpText("after", HELP)
    .action((id: string, _: object, command: Command) =>
      confirm(id, command.optsWithGlobals<ConfirmOptions>(), world),
    );
}

const HELP = `
For a new key whose private key is neither here nor on a scanned host, and that no log shows a login with. Latchkey
checks the signature, and then asks each host whether its sshd accepts the key. --yes approves no account: name each
one. Then continue with latchkey runs resume.

Example:
  latchkey runs challenge 7 --out challenge.txt
  ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY challenge.txt
  latchkey runs confirm 7 --signature challenge.txt.sig

With --json: { run }`;

async function challenge(text: string, options: ChallengeOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "read");
  const { confirmation } = await app.client.runs.find({ runId });
  if (!confirmation) throw new Refusal("conflict", `run ${runId} waits for no confirmation`);
  const { challenge: message } = confirmation;
  if (message === null)
    throw new Refusal(
      "conflict",
      `run ${runId} rotates a CA key, which does not log in; approve the accounts: latchkey runs confirm ${runId} --approve USER@HOST`,
    );
  if (options.json) return printJson({ challenge: message, namespace: CHALLENGE_NAMESPACE }, world);
  if (options.out === undefined) return world.out(message.trimEnd());
  await writeFile(options.out, message);
  world.out(printable(`sign it: ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY ${options.out}`));
  world.out(printable(`then: latchkey runs confirm ${runId} --signature ${options.out}.sig`));
}

async function confirm(text: string, options: ConfirmOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  const signature = await readSignature(options.signature);
  await using app = await openApp(options, world, "write");
  const { runs } = app.client;
  const approvals = findNamed(await runs.find({ runId }), options.approve ?? []);
  await runs.confirm({ runId, signature, approvals });
  const run = await runs.find({ runId });
  if (options.json) return printJson({ run }, world);
  if (signature !== null) world.out("the signature is by the new key");
  for (const one of approvals) world.out(printable(`approved: ${formatAccount(one)}`));
  world.out(`go on: latchkey runs resume ${runId}`);
}

async function readSignature(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 64 KiB, too large for a signature`);
  return Buffer.from(bytes).toString("utf8");
}

/** Each as the run writes it, `user@host` where its port is 22. */
function findNamed({ id, confirmation }: RunDetail & { id: RunId }, words: readonly string[]) {
  const accounts = confirmation?.accounts ?? [];
  return words.map((word) => {
    const found = accounts.find((one) =>
      [formatAccount(one), `${formatAccount(one)}:${one.port}`].includes(word),
    );
    if (found) return { host: found.host, port: found.port, account: found.account };
    const known = accounts.map(formatAccount).join(", ");
    throw new Refusal(
      "not-found",
      `run ${id} does not wait for ${word}${known && `; it waits for ${known}`}`,
    );
  });
}

type CsrOptions = CommonOptions & { out?: string };
type AddFilesOptions = CommonOptions & { file?: string[] };

const MOST_CERTIFICATE_BYTES = 1_000_000;

/** What a person takes to a CA, and what the CA returns. */
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
    .description("import the certificates that a run waits for")
    .option("--file <file>", "a certificate with its chain, PEM or DER (repeatable)", collect)
    .addHelpText("after", CERTIFICATE_HELP)
    .action((id: string, _: object, command: Command) =>
      giveAll(id, command.optsWithGlobals<AddFilesOptions>(), world),
    );
}

const CERTIFICATE_HELP = `
Each certificate is compared with its request: it must be for the same key, for all requested names and all names served
now, valid now, and with a complete chain. Then latchkey runs resume deploys it.

With --json: { imported }`;

async function showRequests(text: string, options: CsrOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  await using app = await openApp(options, world, "read");
  const { orders } = await app.client.runs.find({ runId });
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

/** A valid file name, whatever the host is called. */
const fileOf = ({ host, port, change }: RunOrder): string =>
  `${host.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^[.-]/, "_")}-${port}-${change}.csr`;

async function giveAll(text: string, options: AddFilesOptions, world: World): Promise<void> {
  const runId = readRunId(text);
  const { file = [] } = options;
  if (file.length === 0) throw new Refusal("invalid-input", "name the file of the certificate with --file");
  await using app = await openApp(options, world, "write");
  const imported: Awaited<ReturnType<typeof app.client.runs.provideCertificate>>[] = [];
  for (const path of file) {
    const bytes = await readFileOrRefuse(path, MOST_CERTIFICATE_BYTES);
    if (bytes === null)
      throw new Refusal("too-many", `${path} is larger than 1 MB, too large for a certificate`);
    const one = await app.client.runs.provideCertificate({ runId, text: textOf(bytes) });
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
