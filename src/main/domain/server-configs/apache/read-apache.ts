import type {
  Configuration,
  ConfigurationFiles,
  Deployment,
  Listen,
  Named,
  Role,
  TlsBinding,
  TlsSettings,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { isAddress } from "#shared/model/hosts/target.ts";
import { type Host, readSections, type Sections, type Setting } from "./sections.ts";

/**
 * Apache's configuration. A virtual host inherits from the main server what it does not set itself, certificates
 * and keys one by one. Where no name matches, the first host at an address answers; where no host's address matches,
 * the main server does.
 */
export function readApache(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const sections = readSections(draft);
  const ports = readPorts(draft, sections);
  const context = {
    draft,
    sections,
    ports,
    unresolved: findUnresolved(sections, ports),
    numbered: findNumbered(sections),
    folder: findServerRoot(source, sections),
    versions: new Map<string, Set<string>>(),
    isManaged: [sections.main, ...sections.hosts].some(({ settings }) =>
      settings.some(({ name }) => name.startsWith("mdomain")),
    ),
  };
  const first = new Map<string, Host>();
  const addresses = new Map(sections.hosts.map((host) => [host, findAddresses(context, host)]));
  for (const [host, listens] of addresses) {
    const said = formatVersions(host, sections.main);
    for (const where of listens.map(formatWhere)) {
      if (!first.has(where)) first.set(where, host);
      context.versions.set(where, (context.versions.get(where) ?? new Set()).add(said));
    }
  }
  for (const [host, listens] of addresses) {
    const usualOf = (listen: VirtualHostAddress) => first.get(formatWhere(listen)) ?? host;
    for (const [usual, own] of Map.groupBy(listens, usualOf)) {
      const shown = whoShows(context, host, { usual, listens: own });
      if (!shown && (usual.hasGap || sections.main.hasGap)) continue;
      if (!shown) draft.leavePlain(own);
      else
        serveHost(
          context,
          shown,
          own.map((listen) => ({ ...listen, isDefault: usual === host })),
        );
    }
  }
  serveMain(context, [...addresses.values()].flat());
  for (const host of [sections.main, ...sections.hosts]) nameOthers(context, host);
  if (sections.main.hasGap) draft.markIncomplete("a part of its configuration was not read");
  return draft.configuration;
}

type Port = Where & { port: number; isHttps: boolean };
type VirtualHostAddress = { address: string | null; port: number };
/**
 * `numbered`: each `address port` that a <VirtualHost> names. `versions`: the distinct SSLProtocol settings of hosts
 * at an address and port. `isManaged`: mod_md gets certificates.
 */
type Context = {
  draft: Draft;
  /** By port, a <VirtualHost> with a host name for an address: Apache resolves it when it starts. */
  unresolved: ReadonlyMap<number, string>;
  sections: Sections;
  ports: Port[];
  numbered: ReadonlySet<string>;
  folder: string;
  versions: Map<string, Set<string>>;
  isManaged: boolean;
};

function readPorts(draft: Draft, { main, hosts }: Sections): Port[] {
  const lines = [main, ...hosts].flatMap(({ settings }) => settings.filter(({ name }) => name === "listen"));
  return lines.flatMap(({ words, at }): Port[] => {
    const address = readListen(words);
    if (address && address.port !== null) return [{ ...address, port: address.port }];
    draft.warn(`where Listen ${words.join(" ")} listens`, at);
    return [];
  });
}

/** Relative paths begin at the last ServerRoot, since Apache resolves them when it has read everything. */
function findServerRoot({ root }: ConfigurationFiles, { main }: Sections): string {
  const usual = folderOf(root).replace(/\/conf$/, "") || "/";
  const written = main.settings.findLast(({ name }) => name === "serverroot")?.words[0];
  return written === undefined ? usual : joinPath(usual, written);
}

/**
 * A host for any port is at every port of a Listen line that no host of the same address names; a host for a port
 * without a Listen line is nowhere.
 */
function findAddresses({ draft, ports, numbered }: Context, host: Host): VirtualHostAddress[] {
  const known = new Set(ports.map(({ port }) => port));
  return host.addresses.flatMap((text): VirtualHostAddress[] => {
    const where = readHostAddress(text);
    if (!where) draft.warn(`where <VirtualHost ${text}> listens`, host.at);
    if (!where) return [];
    const { address, port } = where;
    if (port !== null) return known.size === 0 || known.has(port) ? [{ address, port }] : [];
    return [...known]
      .map((each) => ({ address, port: each }))
      .filter((address) => !numbered.has(formatWhere(address)));
  });
}

function findUnresolved({ hosts }: Sections, ports: readonly Port[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const text of hosts.flatMap(({ addresses }) => addresses)) {
    const { address = null, port = null } = readHostAddress(text) ?? {};
    if (address === null || isAddress(address) || address === "localhost") continue;
    for (const at of port === null ? ports.map((one) => one.port) : [port]) found.set(at, text);
  }
  return found;
}

/** Each address with a port that some <VirtualHost> names. */
const findNumbered = ({ hosts }: Sections): Set<string> =>
  new Set(
    hosts.flatMap(({ addresses }) =>
      addresses.flatMap((text) => {
        const { address = null, port = null } = readHostAddress(text) ?? {};
        return port === null ? [] : [formatWhere({ address, port })];
      }),
    ),
  );

/**
 * The last ServerName counts. Without one, a host for every address has that of the main server, or else the name that
 * Apache looks up for the machine; a host for certain addresses has the name that Apache looks up for its address.
 */
function namesOf(
  { draft, sections: { main } }: Context,
  host: Host,
): Pick<TlsBinding, "names" | "lookedUpName"> {
  const isOpen = host.addresses.some((text) => readHostAddress(text)?.address === null);
  const own = allOf("servername", host).at(-1) ?? (isOpen ? allOf("servername", main).at(-1) : undefined);
  const names = [...(own ? [own] : []), ...allOf("serveralias", host)].flatMap(({ words }) =>
    words.map(toServerName),
  );
  // The main server answers any name.
  if (own || host === main) return { names };
  const label = draft.source.hostName?.toLowerCase().split(".")[0] || null;
  return { names, lookedUpName: { label: isOpen ? label : null } };
}

/** `host`: its names lead here; `by`: its certificates are presented. */
type Shown = { host: Host; by: Host };

/**
 * The first host at an address (`usual`) decides whether it speaks TLS at all; for the name of a later host with
 * SSLEngine off, Apache presents the certificates of that first one. Null: it presents none.
 */
function whoShows(
  context: Context,
  host: Host,
  { usual, listens }: { usual: Host; listens: readonly VirtualHostAddress[] },
): Shown | null {
  if (!speaksTls(context, usual, listens)) return null;
  return { host, by: speaksTls(context, host, listens) ? host : usual };
}

/** Without SSLEngine, an https port suffices for a virtual host with a certificate, but not for the main server. */
function speaksTls(
  { sections: { main }, ports }: Context,
  host: Host,
  listens: readonly VirtualHostAddress[],
): boolean {
  const engine = lastOf("sslengine", host, main)?.words[0]?.toLowerCase();
  if (engine !== undefined) return engine === "on" || engine === "optional";
  const isHttps = ports.some(
    ({ port, isHttps }) => isHttps && listens.some((listen) => listen.port === port),
  );
  return host !== main && isHttps && merged("sslcertificatefile", host, main).length > 0;
}

function serveHost(context: Context, { host, by }: Shown, listens: Listen[]): void {
  const { draft, sections } = context;
  if (listens.length === 0) return;
  const certificates = merged("sslcertificatefile", by, sections.main);
  const keys = merged("sslcertificatekeyfile", by, sections.main);
  const chain = lastOf("sslcertificatechainfile", by, sections.main);
  const { deployments, unsure } = readDeployments(context, certificates, keys);
  const isInherited = sections.main.hasGap && allOf("sslcertificatefile", by).length === 0;
  const beside = listens.flatMap((listen) => [...(context.versions.get(formatWhere(listen)) ?? [])]);
  const tls = readTlsSettings(host, sections.main, beside);
  const resolved = listens.flatMap(({ port }) => context.unresolved.get(port) ?? [])[0];
  const lookedUp =
    resolved === undefined
      ? null
      : `<VirtualHost ${resolved}> is for an address that Apache looks up when it starts, which is not known`;
  draft.serve({
    listens,
    ...namesOf(context, host),
    namesFromCertificate: false,
    protocol: "tls",
    deployments,
    chain: chain ? toNamed(context, chain) : null,
    unsure:
      host.hasGap || by.hasGap || isInherited
        ? "a part of its configuration was not read"
        : (lookedUp ?? unsure),
    ...(tls && { tls }),
    at: host.at,
  });
}

/** The main server answers at the addresses and ports that no virtual host has. */
function serveMain(context: Context, occupied: readonly VirtualHostAddress[]): void {
  const own = new Set(occupied.map(formatWhere));
  const covered = new Set(occupied.filter(({ address }) => address === null).map(({ port }) => port));
  const listens = context.ports
    .filter((address) => !covered.has(address.port) && !own.has(formatWhere(address)))
    .map(({ address, port }) => ({ address, port, isDefault: true }));
  const { main } = context.sections;
  if (speaksTls(context, main, listens)) serveHost(context, { host: main, by: main }, listens);
}

function readDeployments(
  context: Context,
  certificates: readonly Setting[],
  keys: readonly Setting[],
): { deployments: Deployment[]; unsure: string | null } {
  let unsure: string | null = null;
  if (certificates.length === 0)
    unsure = context.isManaged
      ? "mod_md chooses the certificate"
      : "TLS is switched on without a certificate";
  const deployments = certificates.flatMap((setting, index): Deployment[] => {
    const certificate = toNamed(context, setting);
    if (certificate === null) unsure ??= `${setting.words[0] ?? "the certificate"} is no path to a file`;
    if (certificate === null) return [];
    const key = keys[index] ? toNamed(context, keys[index]) : { ...certificate };
    return [{ certificate, key }];
  });
  return { deployments, unsure };
}

/** Null for what is no path: an unknown variable, or a key in a token. */
function toNamed({ folder }: Context, { directive, words, at }: Setting): Named | null {
  const [path = ""] = words;
  if (path === "" || path.includes("${") || /^(?:pkcs11:|builtin\b|exec:|store:)/.test(path)) return null;
  return { path: joinPath(folder, path), directive, at };
}

const OTHERS: { [name: string]: Role } = {
  sslcacertificatefile: "client-ca",
  sslcadnrequestfile: "client-ca",
  sslcarevocationfile: "crl",
  sslproxymachinecertificatefile: "upstream-certificate",
  sslproxymachinecertificatechainfile: "upstream-ca",
  sslproxycacertificatefile: "upstream-ca",
  sslproxycarevocationfile: "crl",
  sslstaplingforcefile: "other",
};

function nameOthers(context: Context, { settings }: Host): void {
  for (const setting of settings) {
    const dhparam =
      setting.name === "sslopensslconfcmd" && setting.words[0]?.toLowerCase() === "dhparameters";
    const role = dhparam ? "dhparam" : OTHERS[setting.name];
    if (role === undefined) continue;
    const named = toNamed(context, dhparam ? { ...setting, words: setting.words.slice(1) } : setting);
    if (named) context.draft.name(role, named);
  }
}

const allOf = (name: string, { settings }: Host): Setting[] =>
  settings.filter((setting) => setting.name === name);

/** The host's settings replace the main server's one by one: its first the first, and so on. */
function merged(name: string, host: Host, main: Host): Setting[] {
  const own = allOf(name, host);
  return host === main ? own : [...own, ...allOf(name, main).slice(own.length)];
}

const lastOf = (name: string, host: Host, main: Host): Setting | undefined =>
  allOf(name, host).at(-1) ?? allOf(name, main).at(-1);

/** The host name of a ServerName, which may have a scheme and a port. */
const toServerName = (text: string): string =>
  text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/:\d{1,5}$/, "");

const formatWhere = ({ address, port }: VirtualHostAddress): string => `${address} ${port}`;

const VERSIONS = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** SSLOpenSSLConfCmd commands that concern no ciphers, versions or keys. */
const HARMLESS = new Set(["dhparameters", "curves", "groups", "ecdhparameters"]);

/**
 * The ciphers and versions that the host sets, or else the main server. Null where they are not known: a part was not
 * read, SSLOpenSSLConfCmd may change them, or no ciphers are set. `beside`: `formatVersions` of the hosts at its
 * addresses, each once; the versions of the default host hold for all there, so they are known only where all agree.
 */
function readTlsSettings(host: Host, main: Host, beside: readonly string[]): TlsSettings | null {
  const both = [host, main];
  const isCommanded = both.some(({ settings }) =>
    settings.some(
      ({ name, words }) => name === "sslopensslconfcmd" && !HARMLESS.has(words[0]?.toLowerCase() ?? ""),
    ),
  );
  if (isCommanded || both.some(({ hasGap }) => hasGap)) return null;
  const ciphers = ciphersOf(host) ?? ciphersOf(main);
  if (ciphers === null || ciphers.includes("${")) return null;
  const said = new Set([formatVersions(host, main), ...beside]);
  return { ciphers, versions: said.size > 1 ? null : tlsVersionsOf(host, main) };
}

/** The versions that a host sets; `unknown` where they are not known. */
const formatVersions = (host: Host, main: Host): string => tlsVersionsOf(host, main)?.join(" ") ?? "unknown";

/** `SSLCipherSuite LIST`, or `SSLCipherSuite SSL LIST`: suites of TLS 1.3 have their own list, and go with any key. */
function ciphersOf({ settings }: Host): string | null {
  const lists = settings
    .filter(({ name }) => name === "sslciphersuite")
    .flatMap(({ words: [first = "", second] }) =>
      second === undefined ? [first] : first.toLowerCase() === "ssl" ? [second] : [],
    );
  return lists.at(-1) ?? null;
}

const tlsVersionsOf = (host: Host, main: Host): string[] | null => {
  const last = ({ settings }: Host): Setting | undefined =>
    settings.findLast(({ name }) => name === "sslprotocol");
  const setting = last(host) ?? last(main);
  return setting ? readVersions(setting.words) : null;
};

/** `all -SSLv3`, `TLSv1.2 +TLSv1.3`: a word without a sign replaces all before it. Null: an unknown word. */
function readVersions(words: readonly string[]): string[] | null {
  let occupied = new Set<string>();
  for (const word of words) {
    const sign = /^[+-]/.exec(word)?.[0] ?? "";
    const name = word.slice(sign.length).toLowerCase();
    const known = VERSIONS.filter((version) => version.toLowerCase() === name || name === "all");
    if (known.length === 0 && name !== "sslv2") return null;
    if (sign === "-") for (const version of known) occupied.delete(version);
    else occupied = new Set([...(sign === "+" ? occupied : []), ...known]);
  }
  return VERSIONS.filter((version) => occupied.has(version));
}

/** The address and port of a Listen line or a virtual host: null for any address, and null for any port. */
type Where = { address: string | null; port: number | null };

const BRACKETS = /^\[([^\]]*)\](?::(\d{1,5}|\*))?$/;
const PLAIN = /^([^:]*)(?::(\d{1,5}|\*))?$/;

/** An address of `<VirtualHost>`; null where it cannot be read. One of zeros means every address of both families. */
export function readHostAddress(text: string): Where | null {
  const where = readAddress(text);
  return where && /^[0:.]+$/.test(where.address ?? "") ? { address: null, port: where.port } : where;
}

function readAddress(text: string): Where | null {
  const found = BRACKETS.exec(text) ?? PLAIN.exec(text);
  if (!found || found[1] === "" || text.includes("${")) return null;
  return { address: toAddress(found[1] ?? ""), port: toPort(found[2]) };
}

/** The words of `Listen`: `443`, `192.0.2.1:443 https`. The port 443 means https where no protocol is named. */
export function readListen([where = "", protocol]: readonly string[]): (Where & { isHttps: boolean }) | null {
  const alone = /^\d{1,5}$/.test(where);
  const address = alone ? { address: null, port: Number(where) } : readAddress(where);
  if (!address || address.port === null) return null;
  return { ...address, isHttps: protocol ? protocol.toLowerCase() === "https" : address.port === 443 };
}

const toAddress = (text: string): string | null =>
  text === "*" || text.toLowerCase() === "_default_" ? null : text.toLowerCase();

const toPort = (text: string | undefined): number | null =>
  text === undefined || text === "*" ? null : Number(text);
