import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { ChainView, RevocationView, TrustItem } from "#shared/model/certificates/chain.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatReason, formatVerdict } from "#shared/text/findings/profile-finding.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { openApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, printJson } from "#shells/cli/options.ts";
import { type Column, printTable } from "#shells/cli/print-table.ts";
import { MORE, REPORT, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

export function addTrust(program: Command, { world }: Session): void {
  program
    .command("chain <sha256>")
    .helpGroup(REPORT)
    .description("the chain of a certificate, which root stores trust it, and whether it is revoked")
    .addHelpText("after", CHAIN_HELP)
    .action((sha256: string, _: object, command: Command) =>
      showChain(sha256, command.optsWithGlobals<CommonOptions>(), world),
    );
  const trust = program
    .command("trust")
    .helpGroup(MORE)
    .helpCommand(false)
    .description("your own roots and revocation lists, besides Mozilla's and this system's")
    .addHelpText("after", HELP);
  trust
    .command("list", { isDefault: true })
    .description("list your own roots and revocation lists")
    .action((_: object, command: Command) => listItems(command.optsWithGlobals<CommonOptions>(), world));
  trust
    .command("add <file...>")
    .description("trust the roots in files (PEM or DER); with --crl, add revocation lists")
    .option("--crl", "the files contain revocation lists")
    .action((files: string[], _: object, command: Command) =>
      addFiles(files, command.optsWithGlobals<CommonOptions & { crl?: boolean }>(), world),
    );
  trust
    .command("fetch <sha256>")
    .description("download the revocation lists that a certificate names")
    .addOption(allow())
    .action((sha256: string, _: object, command: Command) =>
      fetchLists(sha256, command.optsWithGlobals<ProbeOptions>(), world),
    );
  trust
    .command("ask <sha256>")
    .description("ask the OCSP responders that a certificate names whether it is revoked")
    .addOption(allow())
    .action((sha256: string, _: object, command: Command) =>
      queryResponders(sha256, command.optsWithGlobals<ProbeOptions>(), world),
    );
  trust
    .command("remove <sha256>")
    .description("remove a root or revocation list")
    .action((sha256: string, _: object, command: Command) =>
      removeItem(sha256, command.optsWithGlobals<CommonOptions>(), world),
    );
}

type ProbeOptions = CommonOptions & { allow?: string[] };

/**
 * Of the addresses that a certificate names, none on this computer or its own link is contacted unless the user says
 * so.
 */
const allow = () =>
  new Option(
    "--allow <host>",
    "connect to this host even if it is on this computer or its local network (repeatable)",
  ).argParser((host: string, before: string[] | undefined) => [...(before ?? []), host]);

const CHAIN_HELP = `
Name a certificate by its SHA-256, as latchkey certificates --json lists it. Nothing is downloaded.

With --json: { chains: [{ endpoint, links, verdicts }], isPublic, revocation: { views, lists, responders } }`;

const HELP = `
Examples:
  latchkey trust add company-root.pem
  latchkey trust add --crl company.crl
  latchkey trust remove 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

Only latchkey trust fetch downloads lists, and only latchkey trust ask contacts responders. Of their responses, Latchkey
stores only that a certificate is revoked.

With --json: list { items: [{ sha256, kind, label, source, addedAt }] }; add { added, known };
fetch { added, known, failed: [{ address, why }] }; ask { views: [{ state, by, sentence }] }`;

async function showChain(text: string, options: CommonOptions, world: World): Promise<void> {
  const sha256 = readHash(text);
  await using app = await openApp(options, world, "read");
  const { chains } = app.client;
  const read = await chains.read({ sha256 });
  const revocation = await chains.revocation({ sha256 });
  if (options.json) printJson({ ...read, revocation }, world);
  else world.out([...read.chains.map(formatChain), formatRevocation(revocation.views)].join("\n\n"));
}

function readHash(text: string): Sha256 {
  const sha256 = Sha256.safeParse(text.toLowerCase());
  if (sha256.success) return sha256.data;
  throw new Refusal("invalid-input", `${text} is not a SHA-256; latchkey certificates --json lists them`);
}

function formatChain({ endpoint, links, verdicts }: ChainView): string {
  const title = endpoint
    ? `as ${endpoint.host}:${endpoint.port} sends it`
    : "as far as known; no endpoint sends it";
  return [
    title,
    ...links.map(({ role, label }) => `  ${role.padEnd(14)} ${printable(label)}`),
    ...verdicts.flatMap(({ store, source, evaluation }) => [
      `  ${store.padEnd(14)} ${evaluation ? formatVerdict(evaluation) : "not evaluated"} (${printable(source)})`,
      ...(evaluation?.reasons ?? []).map((reason) => `  ${"".padEnd(14)} ${printable(formatReason(reason))}`),
    ]),
  ].join("\n");
}

const formatRevocation = (views: readonly RevocationView[]): string =>
  ["revocation", ...views.map((view) => `  ${formatView(view)}`)].join("\n");

const formatView = ({ state, by, sentence }: RevocationView): string =>
  `${state.padEnd(14)} ${printable(`${sentence} (by ${by})`)}`;

async function listItems(options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "read");
  const items = await app.client.chains.trusted();
  if (options.json) printJson({ items }, world);
  else if (items.length === 0)
    world.out("you have added no root and no revocation list; add one: latchkey trust add FILE");
  else world.out(printTable(COLUMNS, items, world));
}

const COLUMNS: Column<TrustItem>[] = [
  { head: "KIND", cell: ({ kind }) => (kind === "root" ? "root" : "list") },
  { head: "NAME", cell: ({ label }) => label, cut: "end" },
  { head: "FROM", cell: ({ source }) => source, cut: "middle" },
  { head: "SHA-256", cell: ({ sha256 }) => sha256 },
];

const MOST_BYTES = 64 * 1024 * 1024;

async function addFiles(
  files: readonly string[],
  options: CommonOptions & { crl?: boolean },
  world: World,
): Promise<void> {
  await using app = await openApp(options, world, "write");
  const total = { added: 0, known: 0 };
  for (const file of files) {
    const { added, known } = await addFile(file, options.crl ? "crl" : "root", app.client);
    total.added += added;
    total.known += known;
  }
  if (options.json) printJson(total, world);
  else
    world.out(
      `${formatCount(total.added, options.crl ? "revocation list" : "root")} added${total.known > 0 ? `, ${total.known} already known` : ""}`,
    );
}

async function addFile(name: string, kind: TrustItem["kind"], { chains }: LatchkeyClient) {
  const bytes = await readFileOrRefuse(name, MOST_BYTES);
  if (!bytes) throw new Refusal("too-many", `${name} is larger than 64 MiB; pass only the part you need`);
  return chains.trust({ kind, name, base64: Buffer.from(bytes).toString("base64") });
}

async function fetchLists(sha256: string, options: ProbeOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const fetched = await app.client.chains.fetchLists({
    sha256: readHash(sha256),
    hosts: options.allow ?? [],
  });
  if (options.json) printJson(fetched, world);
  else {
    world.out(`${formatCount(fetched.added, "revocation list")} added, ${fetched.known} already known`);
    for (const { address, why } of fetched.failed) world.err(`latchkey: ${printable(`${address}: ${why}`)}`);
  }
}

async function queryResponders(sha256: string, options: ProbeOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  const { views } = await app.client.chains.queryResponders({
    sha256: readHash(sha256),
    hosts: options.allow ?? [],
  });
  if (options.json) printJson({ views }, world);
  else
    world.out(
      views.length === 0
        ? "it names no OCSP responder; many CAs no longer have one"
        : views.map(formatView).join("\n"),
    );
}

async function removeItem(sha256: string, options: CommonOptions, world: World): Promise<void> {
  await using app = await openApp(options, world, "write");
  await app.client.chains.distrust({ sha256: readHash(sha256) });
  if (options.json) printJson({}, world);
  else world.out("removed");
}
