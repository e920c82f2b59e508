import { chmod, type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { ISSUED_SHOWN } from "#shared/contract/issuers.ts";
import { type IssuedCertificate, MOST_DAYS_VALID, RevocationReason } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatExpiry } from "#shared/text/elapsed.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { type CommandApp, openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson, wholeNumber } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import type { Session, World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";
import { addVaultOption, openVaultFor, type VaultOptions } from "./vault.ts";

type Options = CommonOptions &
  VaultOptions & { csr?: string; days?: number; out?: string; reason?: RevocationReason };
type Words = [name: string, second: string];

/** What one's own authority does: `sign`, `issued`, `revoke`, `crl` and `root` among the commands of issuers. */
export function addSigning(issuers: Command, { world }: Session): void {
  const add = (name: string, description: string, run: (words: Words, options: Options) => Promise<void>) =>
    issuers
      .command(name)
      .description(description)
      .action((...args: unknown[]) => {
        const command = args.at(-1) as Command;
        const [first = "", second = ""] = command.args;
        return run([first, second], command.optsWithGlobals<Options>());
      });
  addVaultOption(
    add("sign <name>", "sign a certificate request (local issuers)", ([name], options) =>
      sign(name, options, world),
    ),
  )
    .requiredOption("--csr <file>", "the request, PEM or DER")
    .option(
      "--days <days>",
      "how long it is valid (default: as the issuer is set)",
      wholeNumber(1, MOST_DAYS_VALID),
    )
    .option("--out <file>", "write the certificate and its intermediate to a new file");
  add("issued <name>", "list what a local issuer has signed", ([name], options) =>
    listIssued(name, options, world),
  );
  addVaultOption(
    add(
      "revoke <name> <certificate>",
      "revoke a certificate, named by serial number, SHA-256 or file",
      (words, options) => revoke(words, options, world),
    ),
  ).addOption(
    new Option("--reason <reason>", "why").choices(RevocationReason.options).default("unspecified"),
  );
  addVaultOption(
    add("crl <name>", "sign new revocation lists (local issuers)", ([name], options) =>
      writeLists(name, options, world),
    ),
  )
    .option("--days <days>", "how long they are valid (default: 30)", wholeNumber(1, 366))
    .option("--out <file>", "write them to this file, replacing it");
  add("root <name>", "print the root of a local issuer, as PEM", ([name], options) =>
    writeRoot(name, options, world),
  ).option("--out <file>", "write it to a new file");
}

/** Without their kinds. */
const plain = (names: readonly string[]): string =>
  names.map((name) => name.replace(/^(DNS|IP):/, "")).join(", ");

const MOST_BYTES = 180 * 1024;

async function sign(name: string, { csr = "", days, out, ...options }: Options, world: World): Promise<void> {
  const bytes = await readFileOrRefuse(csr, MOST_BYTES);
  if (!bytes)
    throw new Refusal("too-many", `${csr} is larger than 180 KiB, too large for a certificate request`);
  await using app = await openApp(options, world, "write");
  const issuer = (await app.client.issuers.known()).find((each) => each.name === name);
  if (issuer?.kind === "local") await openVaultFor({ app, options, world });
  await using output = out === undefined ? null : await openNew(out);
  const base64 = Buffer.from(bytes).toString("base64");
  const signed = await app.client.issuers.sign({ name, base64, days: days ?? null });
  await output?.write(signed.pem);
  if (options.json) return printJson(signed, world);
  if (out === undefined) return world.out(signed.pem.trimEnd());
  world.out(
    printable(
      `signed for ${plain(signed.names)}; ${formatExpiry(signed.notAfter, world.now())}; written: ${out}`,
    ),
  );
}

async function listIssued(name: string, options: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const certificates = await app.client.issuers.issued({ name });
  if (options.json) return printJson({ certificates }, world);
  if (certificates.length === 0) return world.out(printable(`${name} has signed nothing yet`));
  world.out(printTable(ISSUED, certificates, world));
  if (certificates.length === ISSUED_SHOWN) world.out(`the newest ${ISSUED_SHOWN} are shown`);
}

const ISSUED: Column<IssuedCertificate>[] = [
  { head: "SERIAL", cell: ({ serial }) => serial },
  {
    head: "NAMES",
    cell: ({ names }) => plain(names),
    cut: "end",
  },
  { head: "UNTIL", cell: ({ notAfter }) => notAfter.slice(0, 10) },
  {
    head: "REVOKED",
    cell: ({ revokedAt, reason }) => (revokedAt === null ? "" : `${revokedAt.slice(0, 10)} ${reason}`),
  },
];

async function revoke(
  [name, which]: Words,
  { reason = "unspecified", ...options }: Options,
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "write");
  const issuer = (await app.client.issuers.known()).find((each) => each.name === name);
  const certificate = /^[0-9a-f:]{2,200}$/i.test(which) ? which : await hashOfFile(which, app.client);
  // The account key signs the request to an ACME directory.
  if (issuer?.kind === "acme") await openVaultFor({ app, options, world });
  const revoked = await app.client.issuers.revoke({ name, certificate, reason });
  if (options.json) return printJson({ certificate: revoked }, world);
  world.out(printable(`the certificate for ${plain(revoked.names)} is revoked: ${revoked.reason}`));
  if (issuer?.kind === "local")
    world.out(printable(`clients learn of it from the list: latchkey issuers crl ${name} --out FILE`));
}

async function hashOfFile(path: string, { inspect }: CommandApp["client"]): Promise<string> {
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  const base64 = Buffer.from(bytes ?? "").toString("base64");
  const { items } = await inspect.file({ name: path, base64 });
  const [first] = items.flatMap((item) => (item.what === "certificate" ? [item.sha256] : []));
  if (first !== undefined) return first;
  throw new Refusal(
    "invalid-input",
    `${path} contains no certificate; pass a serial number, a SHA-256 or its file`,
  );
}

async function writeLists(name: string, { days, out, ...options }: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  await openVaultFor({ app, options, world });
  await using output = out === undefined ? null : await openOver(out);
  const lists = await app.client.issuers.revocationList({ name, ...(days === undefined ? {} : { days }) });
  await output?.write(lists.pem);
  if (options.json) return printJson(lists, world);
  if (out === undefined) return world.out(lists.pem.trimEnd());
  const { number, revoked, nextUpdate } = lists;
  const what = `list ${number}, with ${formatCount(revoked, "certificate")}, is valid until ${nextUpdate.slice(0, 10)}`;
  world.out(printable(`${what}; written: ${out}`));
}

async function writeRoot(name: string, { out, ...options }: Options, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  await using output = out === undefined ? null : await openNew(out);
  const own = await app.client.issuers.root({ name });
  await output?.write(own.root);
  if (options.json) return printJson(own, world);
  world.out(out === undefined ? own.root.trimEnd() : printable(`written: ${out}`));
}

/** A file to write; unless it was written, it is gone once this is disposed. */
type Output = { write(text: string): Promise<void>; [Symbol.asyncDispose](): Promise<void> };

/** A file that does not exist yet. It is opened before anything is signed, so that a failure costs nothing. */
async function openNew(path: string): Promise<Output> {
  const handle = await orRefuse(path, () => open(path, "wx", 0o644));
  return finishing(handle, path, { part: path, finish: async () => undefined });
}

/** A file that may exist: another reader meanwhile reads either the old one or the new one, whole. */
async function openOver(path: string): Promise<Output> {
  const before = await stat(path).catch(() => null);
  if (before && !before.isFile()) throw new Refusal("conflict", `${path} is not a file; name another one`);
  const real = before ? await realpath(path) : path;
  const part = `${real}.part-${process.pid}`;
  const handle = await orRefuse(path, () => open(part, "wx", 0o644));
  const finish = async () => {
    if (before) await chmod(part, before.mode & 0o777);
    await rename(part, real);
  };
  return finishing(handle, path, { part, finish });
}

function finishing(
  handle: FileHandle,
  path: string,
  { part, finish }: { part: string; finish: () => Promise<void> },
): Output {
  let isWritten = false;
  return {
    write: (text) =>
      orRefuse(path, async () => {
        await handle.writeFile(text);
        await handle.sync();
        await finish();
        isWritten = true;
      }),
    async [Symbol.asyncDispose]() {
      await handle.close();
      if (!isWritten) await rm(part, { force: true });
    },
  };
}

async function orRefuse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "already exists; name another file" : `cannot be written (${code})`;
    throw new Refusal("conflict", `${path} ${why}`);
  }
}
