import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { InspectedStore, Inspection } from "#shared/contract/inspect.ts";
import type { EndpointFacts } from "#shared/model/hosts/endpoint.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/hosts/prompt.ts";
import type { StartTls } from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  formatEntryKind,
  formatInspected,
  formatIntegrity,
  formatStoreState,
} from "#shared/text/certificates/inspected.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatExpiry } from "#shared/text/elapsed.ts";
import { describeEndpointFacts } from "#shared/text/hosts/endpoint.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { formatTries } from "#shells/cli/answer-prompts.ts";
import { openEmptyApp } from "#shells/cli/open-app.ts";
import { type CommonOptions, explain, printJson } from "#shells/cli/options.ts";
import { paint } from "#shells/cli/print-table.ts";
import { startTlsOption } from "#shells/cli/scan/targets.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";
import { toCertificateFacts } from "./certificates.ts";

type Item = Inspection["items"][number];

type InspectOptions = CommonOptions & {
  passphraseFile?: string;
  proxy?: string;
  capabilities?: boolean;
  starttls?: StartTls;
};

const MOST_BYTES = 16 * 1024 * 1024;

export function addInspect(program: Command, { world, finish }: Session): void {
  program
    .command("inspect <source...>")
    .helpGroup(REPORT)
    .description("show certificates and keys in files or at endpoints; stores nothing")
    .option("--passphrase-file <file>", "try the passphrases in this file, one per line, on locked keystores")
    .option("--proxy <url>", "reach endpoints through socks5://[user@]host:port or http://[user@]host:port")
    .addOption(startTlsOption())
    .option("--capabilities", "find out which TLS versions and groups endpoints support (more connections)")
    .addHelpText("after", HELP)
    .action(async (sources: string[], _: object, command: Command) =>
      finish(await inspectSources(sources, command.optsWithGlobals<InspectOptions>(), world)),
    );
}

const HELP = `
A source is a file, - for stdin, or an endpoint: host:port, host:port/servername, or smtp://host:port for STARTTLS
on another port than usual (see latchkey targets --help). A file may hold certificates (PEM, DER, PKCS#7), a keystore
(PKCS#12, JKS, JCEKS, BKS), a kubeconfig or Kubernetes Secret, authorized_keys, known_hosts, a public key or a private
key. Of a private key, only its public key is read.

Locked keystores are tried with well-known default passwords and with those of --passphrase-file; at a terminal you
are prompted. A keystore that none of them opens is shown as locked.

For an endpoint, the TLS facts come first: version, cipher, group, stapled responses, the client certificates it
requests, and what each address of its name serves. The password of a proxy is prompted for once.

Examples:
  latchkey inspect /etc/ssl/certs/ca-certificates.crt
  latchkey inspect shop.example:443 10.0.0.5:443/shop.example mail.example:25 ldap://dir.example:1389
  latchkey inspect keystore.jks server.p12 --passphrase-file passphrase.txt
  ssh web1 cat .ssh/authorized_keys | latchkey inspect -

With --json: { source, kind, items, stores, malformed }, plus endpoint for an endpoint. For several sources: { kind, items,
stores, malformed, sources }, where each item and store names its source, and kind is "several" if they differ.`;

/**
 * Reads each source and stores nothing. Returns 2 if nothing could be read from one of them, and 3 if one could not be
 * reached.
 */
async function inspectSources(
  sources: readonly string[],
  options: InspectOptions,
  world: World,
): Promise<number> {
  const passwords = await readPasswords(options.passphraseFile);
  await using app = openEmptyApp(world);
  const proxyPassword = await promptForProxy(options.proxy ?? "", world);
  const inspections: Inspection[] = [];
  const codes = [0];
  for (const source of sources) {
    try {
      inspections.push(await inspectSource(source, app.client, { passwords, proxyPassword, options, world }));
    } catch (error) {
      // One that cannot be read does not stop the others.
      if (sources.length === 1) throw error;
      codes.push(explain(error, world));
    }
  }
  const [only] = inspections;
  if (options.json && sources.length === 1 && only) printJson(toJson(only), world);
  else if (options.json) printJson(joinAsJson(inspections), world);
  else world.out(inspections.map((inspection) => formatInspection(inspection, world)).join("\n\n"));
  if (inspections.some(isNothing)) codes.push(2);
  return Math.max(...codes);
}

/** A store that stays locked counts as read, unless the user gave a password for it that was wrong. */
const isNothing = ({ items, stores, isWrongPassword }: Inspection): boolean =>
  isWrongPassword || (items.length === 0 && stores.length === 0);

type PasswordInspection = {
  passwords: readonly string[];
  proxyPassword: string | null;
  options: InspectOptions;
  world: World;
};

/** A file of that name takes precedence over an endpoint of that name. */
async function inspectSource(
  source: string,
  client: LatchkeyClient,
  { passwords, proxyPassword, options, world }: PasswordInspection,
): Promise<Inspection> {
  if (source !== "-" && !existsSync(source) && /:\d+(\/[\w.-]+)?$|^[a-z][a-z0-9-]*:\/\//i.test(source))
    return inspectEndpoint(source, client, { ...options, proxyPassword });
  const bytes =
    source === "-" ? await world.readInput(MOST_BYTES) : await readFileOrRefuse(source, MOST_BYTES);
  if (bytes === null)
    throw new Refusal(
      "too-many",
      `${source} is larger than 16 MiB; pass only the part with the certificates`,
    );
  const file = {
    name: source === "-" ? "stdin" : source,
    base64: Buffer.from(bytes).toString("base64"),
  };
  const inspectFile = (tried: readonly string[]) => client.inspect.file({ ...file, passwords: [...tried] });
  return inspectWithPasswords(inspectFile, passwords, world);
}

async function inspectEndpoint(
  text: string,
  client: LatchkeyClient,
  {
    proxy = "",
    capabilities = false,
    starttls,
    proxyPassword,
  }: InspectOptions & Pick<PasswordInspection, "proxyPassword">,
): Promise<Inspection> {
  const { total, first } = await client.targets.preview({ text, only: "tls", protocol: starttls ?? null });
  const [target] = first;
  if (total !== 1 || target?.kind !== "tls")
    throw new Refusal("invalid-input", `${text} means ${total} endpoints; name one, or use latchkey scan`);
  return client.inspect.endpoint({
    ...target,
    proxy,
    proxyPassword: proxyPassword,
    probesCapabilities: capabilities,
  });
}

const toJson = (inspection: Inspection) => ({
  source: inspection.source,
  kind: inspection.kind,
  items: inspection.items.map((item) => toItemJson(item, inspection)),
  stores: inspection.stores,
  malformed: inspection.malformed,
  ...(inspection.endpoint && { endpoint: inspection.endpoint }),
});

/** `location` and `alias` are left out where they say nothing. */
function toItemJson(item: Item, inspection: Inspection) {
  const alias = aliasOf(item, inspection);
  const where = { ...(item.location && { location: item.location }), ...(alias && { alias }) };
  if (item.what === "certificate")
    return { what: item.what, ...where, ...toCertificateFacts(item), malformed: item.malformed };
  const { location: _, ...key } = item;
  return { ...key, ...where };
}

/** Several sources in the format of one. */
function joinAsJson(inspections: readonly Inspection[]) {
  const [kind = "unknown", ...otherKinds] = new Set(inspections.map((each) => each.kind));
  return {
    kind: otherKinds.length > 0 ? "several" : kind,
    items: inspections.flatMap((each) =>
      each.items.map((item) => ({ source: each.source, ...toItemJson(item, each) })),
    ),
    stores: inspections.flatMap(({ source, stores }) => stores.map((store) => ({ source, ...store }))),
    malformed: inspections.flatMap(({ source, malformed }) => malformed.map((why) => `${source}: ${why}`)),
    sources: inspections.map(({ source, kind: ofIt, endpoint }) => ({
      source,
      kind: ofIt,
      ...(endpoint && { endpoint }),
    })),
  };
}

const MOST_PASSWORD_BYTES = 64 * 1024;
const MOST_PASSWORDS = 32;

/** The passwords of a file, one a line. An empty line is an empty password, except the last one. */
async function readPasswords(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  const bytes = await readFileOrRefuse(path, MOST_PASSWORD_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 64 KiB, too large for passphrases`);
  const lines = Buffer.from(bytes).toString("utf8").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MOST_PASSWORDS)
    throw new Refusal(
      "too-many",
      `${path} has ${lines.length} lines; at most ${MOST_PASSWORDS} passphrases can be tried`,
    );
  return lines;
}

/** The password of a proxy whose address names a user; null if it names none, or if nobody is at a terminal. */
async function promptForProxy(proxy: string, { prompt, err }: World): Promise<string | null> {
  const [, user = null, address] = /^(?:socks5h?|http):\/\/([^@/]+)@([^@/]+)/i.exec(proxy) ?? [];
  if (user === null || !prompt) return null;
  err(`logging in to the proxy ${printable(address ?? "")} as ${printable(user)}`);
  return prompt("Password: ", { isHidden: true, signal: new AbortController().signal });
}

type InspectWithPasswords = (passwords: readonly string[]) => Promise<Inspection>;

/**
 * Inspects a file, and prompts for the password of what is locked in it: three times, or until nothing is typed.
 * Without a terminal it stays locked, which is a state and no error.
 */
async function inspectWithPasswords(
  inspectFile: InspectWithPasswords,
  passwords: readonly string[],
  world: World,
): Promise<Inspection> {
  let inspection = await inspectFile(passwords);
  for (let attempts = 0; world.prompt && attempts < MOST_WRONG_ANSWERS; attempts++) {
    if (inspection.wantsPassword !== "to-open") break;
    if (attempts > 0) world.err(`wrong passphrase; ${formatTries(MOST_WRONG_ANSWERS - attempts)}`);
    const password = await promptForPassword(inspection, world);
    if (!password) break;
    inspection = await inspectFile([...passwords, password].slice(-MOST_PASSWORDS));
  }
  return inspection;
}

async function promptForPassword({ source }: Inspection, { prompt, err }: World): Promise<string | null> {
  err(`${printable(source)} is locked; press Enter to go on without its password`);
  const { signal } = new AbortController();
  return (await prompt?.("Password: ", { isHidden: true, signal })) ?? null;
}

/** What a source contains, for people at a terminal. */
function formatInspection(inspection: Inspection, world: World): string {
  const { source, kind, items, stores, malformed, endpoint } = inspection;
  const title = `${printable(source)}: ${formatInspected(kind, countShown(items))}`;
  const blocks = items.map((item) => formatItem(item, inspection, world.now()));
  const broken = malformed.length > 0 ? [formatMalformed(malformed)] : [];
  const heads = stores.map((store) => formatStore(store));
  const facts = endpoint ? [formatEndpoint(endpoint)] : [];
  const parts = [world.isColoured ? paint("bold", title) : title, ...facts, ...heads, ...blocks, ...broken];
  return parts.join("\n\n");
}

/** A name is shown once, before the first of its lines. */
const formatEndpoint = (endpoint: EndpointFacts): string =>
  describeEndpointFacts(endpoint)
    .flatMap(({ name, lines }) =>
      lines.map((line, index) => `  ${printable(index === 0 ? name : "").padEnd(18)} ${printable(line)}`),
    )
    .join("\n");

/** In a file of certificates and their key, only the certificates are counted. */
const countShown = (items: readonly Inspection["items"][number][]): number =>
  items.filter(({ what }) => what === "certificate").length || items.length;

function formatStore(store: InspectedStore): string {
  const { location, format, integrity, protection, why, isWrongPassword, defaultPassword, entries } = store;
  const facts: Fact[] = [
    ["where", location],
    ["store", `${format}, ${formatStoreState(store)}`],
    ["protection", protection],
    ["integrity", formatIntegrity(integrity)],
    ["password", defaultPassword === null ? null : formatDefaultPassword(defaultPassword)],
    ["why", isWrongPassword ? "the password is wrong" : why],
    ...entries.map((entry): Fact => ["entry", formatEntry(entry, store.state === "open")]),
  ];
  return formatFacts(facts);
}

const formatDefaultPassword = (password: string): string =>
  password === ""
    ? "empty: whoever has the file opens it"
    : `${JSON.stringify(password)}, which everybody knows`;

type Entry = InspectedStore["entries"][number];

/** Which certificates a key has is unknown while the store is locked. */
const formatEntry = ({ alias, what, isLocked, certificateCount: count }: Entry, isWhole: boolean): string =>
  [
    alias === "" ? formatEntryKind(what) : `${alias}: ${formatEntryKind(what)}`,
    ...(what === "key" && (count > 0 || isWhole) ? [formatCount(count, "certificate")] : []),
    ...(isLocked ? ["locked"] : []),
  ].join(", ");

const formatMalformed = (malformed: readonly string[]): string =>
  [
    `${formatCount(malformed.length, "part")} could not be read:`,
    ...malformed.map((why) => `  ${printable(why)}`),
  ].join("\n");

function formatItem(item: Inspection["items"][number], inspection: Inspection, now: Date): string {
  const facts = item.what === "certificate" ? listCertificateFacts(item, now) : listKeyFacts(item);
  return formatFacts([["where", item.location], ["alias", aliasOf(item, inspection)], ...facts]);
}

/** The name of the entry that contains an item; empty for none. */
function aliasOf(item: Inspection["items"][number], { stores }: Inspection): string {
  const entry = item.what === "certificate" ? item.entry : null;
  return (entry && stores[entry.store]?.entries[entry.entry]?.alias) ?? "";
}

function formatFacts(facts: readonly Fact[]): string {
  return facts
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(11)} ${printable(value ?? "")}`)
    .join("\n");
}

type Fact = [name: string, value: string | null];

function listCertificateFacts(
  item: Extract<Inspection["items"][number], { what: "certificate" }>,
  now: Date,
): Fact[] {
  const { notAfter } = item;
  return [
    ["subject", item.subject || "(empty)"],
    ["issuer", item.issuer || "(empty)"],
    ["names", item.names.join(", ")],
    ["not before", item.notBefore ?? "could not be read"],
    ["not after", notAfter === null ? "could not be read" : `${notAfter} (${formatExpiry(notAfter, now)})`],
    ["key", formatKey(item)],
    ["signature", item.signature],
    ["authority", item.isCa ? "yes: it may sign others" : ""],
    ["serial", item.serial],
    ["sha256", item.sha256],
  ];
}

const listKeyFacts = (item: Exclude<Inspection["items"][number], { what: "certificate" }>): Fact[] => [
  ["line", item.line === null ? null : String(item.line)],
  [item.what === "known-host" ? "hosts" : "options", item.options],
  ["key", formatKey(item)],
  ["fingerprint", item.fingerprint],
  ["key sha256", item.what === "private-key" ? item.spkiSha256 : null],
  ["comment", item.comment],
  [
    "passphrase",
    item.isEncrypted === null ? null : item.isEncrypted ? "yes" : "none: whoever has the file has the key",
  ],
];
