import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { StartTls } from "#shared/model/starttls.ts";
import { toCertificateFacts } from "./certificate-json.ts";
import { explain } from "./explain.ts";
import { askForProxy, lookWithPasswords, readPasswords } from "./inspect-passwords.ts";
import { type CommonOptions, openEmptyApp, printJson } from "./options.ts";
import { readFileOrRefuse } from "./read-file.ts";
import { aliasOf, formatInspection } from "./say-inspection.ts";
import { LOOK, type Session } from "./session.ts";
import { startTlsOption } from "./target-text.ts";
import type { World } from "./world.ts";

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
    .helpGroup(LOOK)
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
are asked. A keystore that none of them opens is shown as locked.

For an endpoint, the TLS facts come first: version, cipher, group, stapled responses, the client certificates it asks
for, and what each address of its name serves. The password of a proxy is asked for once.

Examples:
  latchkey inspect /etc/ssl/certs/ca-certificates.crt
  latchkey inspect shop.example:443 10.0.0.5:443/shop.example mail.example:25 ldap://dir.example:1389
  latchkey inspect keystore.jks server.p12 --passphrase-file passphrase.txt
  ssh web1 cat .ssh/authorized_keys | latchkey inspect -

With --json: { source, kind, items, stores, malformed }, plus endpoint for an endpoint. For several sources: { kind, items,
stores, malformed, sources }, where each item and store names its source, and kind is "several" if they differ.`;

/**
 * Reads each source and remembers nothing. Answers with 2 when there was one that nothing could be read from, and with
 * 3 when one could not be reached.
 */
async function inspectSources(
  sources: readonly string[],
  options: InspectOptions,
  world: World,
): Promise<number> {
  const passwords = await readPasswords(options.passphraseFile);
  await using app = openEmptyApp(world);
  const wayPassword = await askForProxy(options.proxy ?? "", world);
  const inspections: Inspection[] = [];
  const codes = [0];
  for (const source of sources) {
    try {
      inspections.push(await inspectSource(source, app.client, { passwords, wayPassword, options, world }));
    } catch (error) {
      // One that cannot be read does not keep the others from being read.
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

/** A store that stays locked is something that was read: unless a password was given for it, and it was wrong. */
const isNothing = ({ items, stores, isWrongPassword }: Inspection): boolean =>
  isWrongPassword || (items.length === 0 && stores.length === 0);

type Look = {
  passwords: readonly string[];
  wayPassword: string | null;
  options: InspectOptions;
  world: World;
};

/** A file of that name comes before an endpoint of that name. */
async function inspectSource(
  source: string,
  client: LatchkeyClient,
  { passwords, wayPassword, options, world }: Look,
): Promise<Inspection> {
  if (source !== "-" && !existsSync(source) && /:\d+(\/[\w.-]+)?$|^[a-z][a-z0-9-]*:\/\//i.test(source))
    return inspectEndpoint(source, client, { ...options, wayPassword });
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
  const look = (tried: readonly string[]) => client.inspect.file({ ...file, passwords: [...tried] });
  return lookWithPasswords(look, passwords, world);
}

async function inspectEndpoint(
  text: string,
  client: LatchkeyClient,
  { proxy = "", capabilities = false, starttls, wayPassword }: InspectOptions & Pick<Look, "wayPassword">,
): Promise<Inspection> {
  const { total, first } = await client.targets.preview({ text, only: "tls", protocol: starttls ?? null });
  const [target] = first;
  if (total !== 1 || target?.kind !== "tls")
    throw new Refusal("invalid-input", `${text} means ${total} endpoints; name one, or use latchkey scan`);
  return client.inspect.endpoint({ ...target, way: proxy, wayPassword, asksForOffers: capabilities });
}

const toJson = (inspection: Inspection) => ({
  source: inspection.source,
  kind: inspection.kind,
  items: inspection.items.map((item) => toItemJson(item, inspection)),
  stores: inspection.stores,
  malformed: inspection.malformed,
  ...(inspection.endpoint && { endpoint: inspection.endpoint }),
});

/** `place` and `alias` are there where they say something. */
function toItemJson(item: Item, inspection: Inspection) {
  const alias = aliasOf(item, inspection);
  const where = { ...(item.place && { place: item.place }), ...(alias && { alias }) };
  if (item.what === "certificate")
    return { what: item.what, ...where, ...toCertificateFacts(item), malformed: item.malformed };
  const { place: _, ...key } = item;
  return { ...key, ...where };
}

/** Several sources in the shape of one. */
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
