import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayExpiry } from "#shared/text/elapsed.ts";
import { sayInspected } from "#shared/text/inspection.ts";
import { sayKey } from "#shared/text/key-size.ts";
import { printable } from "#shared/text/printable.ts";
import { toCertificateFacts } from "./certificate-json.ts";
import { explain } from "./explain.ts";
import { type CommonOptions, openEmptyApp, printJson } from "./options.ts";
import { paint } from "./print-table.ts";
import { LOOK, type Session } from "./session.ts";
import { readFileOrRefuse } from "./read-file.ts";
import type { World } from "./world.ts";

type Item = Inspection["items"][number];

const MOST_BYTES = 16 * 1024 * 1024;

export function addInspect(program: Command, { world, finish }: Session): void {
  program
    .command("inspect <source...>")
    .helpGroup(LOOK)
    .description("read certificates and keys from files or endpoints, and remember nothing")
    .addHelpText("after", HELP)
    .action(async (sources: string[], _: object, command: Command) =>
      finish(await inspectSources(sources, command.optsWithGlobals<CommonOptions>(), world)),
    );
}

const HELP = `
A source is a file, - for stdin, or an endpoint as host:port or host:port/servername. A file may hold
certificates (PEM or DER), authorized_keys, known_hosts, a public key or a private key. Of a private key
only the public half is read.

Examples:
  latchkey inspect /etc/ssl/certs/ca-certificates.crt
  latchkey inspect shop.example:443 10.0.0.5:443/shop.example
  ssh web1 cat .ssh/authorized_keys | latchkey inspect -

With --json: { source, kind, items, malformed }. For several sources { kind, items, malformed, sources }, where each
item names its source, and kind is "several" unless all are of one.`;

/**
 * Reads each source and remembers nothing. Answers with 2 when there was one that nothing could be read from, and with
 * 3 when one could not be reached.
 */
async function inspectSources(
  sources: readonly string[],
  options: CommonOptions,
  world: World,
): Promise<number> {
  await using app = openEmptyApp(world);
  const inspections: Inspection[] = [];
  const codes = [0];
  for (const source of sources) {
    try {
      inspections.push(await inspectSource(source, app.client, world));
    } catch (error) {
      // One that cannot be read does not keep the others from being read.
      if (sources.length === 1) throw error;
      codes.push(explain(error, world));
    }
  }
  const [only] = inspections;
  if (options.json && sources.length === 1 && only) printJson(toJson(only), world);
  else if (options.json) printJson(joinAsJson(inspections), world);
  else world.out(inspections.map((inspection) => sayInspection(inspection, world)).join("\n\n"));
  if (inspections.some(({ items }) => items.length === 0)) codes.push(2);
  return Math.max(...codes);
}

/** A file of that name comes before an endpoint of that name. */
async function inspectSource(source: string, client: LatchkeyClient, world: World): Promise<Inspection> {
  if (source !== "-" && !existsSync(source) && /:\d+(\/[\w.-]+)?$|^(https|tls):\/\//.test(source))
    return inspectEndpoint(source, client);
  const bytes =
    source === "-" ? await world.readInput(MOST_BYTES) : await readFileOrRefuse(source, MOST_BYTES);
  if (bytes === null)
    throw new Refusal(
      "too-many",
      `${source} is larger than 16 MiB; give the part of it that holds the certificates`,
    );
  return client.inspect.file({
    name: source === "-" ? "stdin" : source,
    base64: Buffer.from(bytes).toString("base64"),
  });
}

async function inspectEndpoint(text: string, client: LatchkeyClient): Promise<Inspection> {
  const { total, first } = await client.targets.preview({ text, only: "tls" });
  const [target] = first;
  if (total !== 1 || target?.kind !== "tls")
    throw new Refusal("invalid-input", `${text} means ${total} endpoints; name one, or scan them`);
  return client.inspect.endpoint(target);
}

const toJson = ({ source, kind, items, malformed }: Inspection) => ({
  source,
  kind,
  items: items.map(toItemJson),
  malformed,
});

const toItemJson = (item: Item) =>
  item.what === "certificate"
    ? { what: item.what, ...toCertificateFacts(item), malformed: item.malformed }
    : item;

/** Several sources in the shape of one. */
function joinAsJson(inspections: readonly Inspection[]) {
  const [kind = "unknown", ...otherKinds] = new Set(inspections.map((each) => each.kind));
  return {
    kind: otherKinds.length > 0 ? "several" : kind,
    items: inspections.flatMap(({ source, items }) => items.map((item) => ({ source, ...toItemJson(item) }))),
    malformed: inspections.flatMap(({ source, malformed }) => malformed.map((why) => `${source}: ${why}`)),
    sources: inspections.map((each) => ({ source: each.source, kind: each.kind })),
  };
}

function sayInspection({ source, kind, items, malformed }: Inspection, world: World): string {
  const title = `${printable(source)}: ${sayInspected(kind, items.length)}`;
  const blocks = items.map((item) => sayItem(item, world.now()));
  const broken = malformed.length > 0 ? [sayMalformed(malformed)] : [];
  return [world.isColoured ? paint("bold", title) : title, ...blocks, ...broken].join("\n\n");
}

const sayMalformed = (malformed: readonly string[]): string =>
  [
    `${sayCount(malformed.length, "part")} could not be read:`,
    ...malformed.map((why) => `  ${printable(why)}`),
  ].join("\n");

function sayItem(item: Item, now: Date): string {
  const facts = item.what === "certificate" ? listCertificateFacts(item, now) : listKeyFacts(item);
  return facts
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(11)} ${printable(value ?? "")}`)
    .join("\n");
}

type Fact = [name: string, value: string | null];

function listCertificateFacts(item: Extract<Item, { what: "certificate" }>, now: Date): Fact[] {
  const { notAfter } = item;
  return [
    ["subject", item.subject || "(empty)"],
    ["issuer", item.issuer || "(empty)"],
    ["names", item.names.join(", ")],
    ["not before", item.notBefore ?? "could not be read"],
    ["not after", notAfter === null ? "could not be read" : `${notAfter} (${sayExpiry(notAfter, now)})`],
    ["key", sayKey(item)],
    ["signature", item.signature],
    ["authority", item.isCa ? "yes: it may sign others" : ""],
    ["serial", item.serial],
    ["sha256", item.sha256],
  ];
}

const listKeyFacts = (item: Exclude<Item, { what: "certificate" }>): Fact[] => [
  ["line", item.line === null ? null : String(item.line)],
  [item.what === "known-host" ? "hosts" : "options", item.options],
  ["key", sayKey(item)],
  ["fingerprint", item.fingerprint],
  ["comment", item.comment],
  [
    "passphrase",
    item.isEncrypted === null ? null : item.isEncrypted ? "yes" : "none: whoever has the file has the key",
  ],
];
