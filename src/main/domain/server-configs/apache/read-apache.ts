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
 * Apache's configuration. A virtual host takes over from the main server what it does not say itself, certificates
 * and keys one by one. The first host at an address is served where no name fits; the main server where no host's
 * address does.
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
/** `numbered`: the addresses and ports that hosts name together. `versions`: what the hosts at an address and port ask for, each answer once. `isManaged`: mod_md is asked for a certificate. */
type Context = {
  draft: Draft;
  /** By port, a host for a name in the place of an address: at which one it is hangs on what Apache has looked up. */
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

/** Relative paths count from ServerRoot: the last one holds, for paths are looked up when all is read. */
function findServerRoot({ root }: ConfigurationFiles, { main }: Sections): string {
  const usual = folderOf(root).replace(/\/conf$/, "") || "/";
  const written = main.settings.findLast(({ name }) => name === "serverroot")?.words[0];
  return written === undefined ? usual : joinPath(usual, written);
}

/**
 * A host for any port is at every port that is listened at and that no host of its address is for by its number; one for a port
 * that nobody listens at is nowhere.
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

/** Each address and port that some virtual host names together. */
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
 * Of several server names the last one counts. A host for every address that has none goes by that of the main server; without that Apache
 * looks up what the host calls itself, and of one for an address alone what that is called.
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
  // The main server answers whatever name is asked for.
  if (own || host === main) return { names };
  const label = draft.source.hostName?.toLowerCase().split(".")[0] || null;
  return { names, lookedUpName: { label: isOpen ? label : null } };
}

/** `host`: whose names lead there; `by`: whose certificates are shown. */
type Shown = { host: Host; by: Host };

/**
 * The first host at an address decides whether TLS is spoken there at all; one that has it off, and is asked for by its
 * name, shows the certificates of that first one. Null: nothing is shown.
 */
function whoShows(
  context: Context,
  host: Host,
  { usual, listens }: { usual: Host; listens: readonly VirtualHostAddress[] },
): Shown | null {
  if (!speaksTls(context, usual, listens)) return null;
  return { host, by: speaksTls(context, host, listens) ? host : usual };
}

/** Where a port is one of https, that is enough for a virtual host with a certificate, and not for the main server. */
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

/** The main server answers at the addresses and ports that no virtual host is for. */
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

/** Null for what is no path: a variable that is not known, or a key in a token. */
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

/** The host's own stand in the place of the main server's, as far as they go. */
function merged(name: string, host: Host, main: Host): Setting[] {
  const own = allOf(name, host);
  return host === main ? own : [...own, ...allOf(name, main).slice(own.length)];
}

const lastOf = (name: string, host: Host, main: Host): Setting | undefined =>
  allOf(name, host).at(-1) ?? allOf(name, main).at(-1);

/** ServerName may be an address with its scheme and port: only the name is asked for. */
const toServerName = (text: string): string =>
  text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/:\d{1,5}$/, "");

const formatWhere = ({ address, port }: VirtualHostAddress): string => `${address} ${port}`;

const VERSIONS = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** Commands to OpenSSL itself that say nothing of ciphers, versions or keys. */
const HARMLESS = new Set(["dhparameters", "curves", "groups", "ecdhparameters"]);

/**
 * What a host says of ciphers and versions, or else the main server. Null where it cannot be told: a part was not read, a command goes
 * to OpenSSL itself, or nobody says anything of ciphers. `beside`: what `formatVersions` tells of the hosts at its addresses, each answer
 * once; versions are those of whoever is the default there.
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

/** The versions that a host asks for; `unknown` where that cannot be told. */
const formatVersions = (host: Host, main: Host): string => tlsVersionsOf(host, main)?.join(" ") ?? "unknown";

/** `SSLCipherSuite LIST`, or `SSLCipherSuite SSL LIST`: those of TLS 1.3 are another list, and go with any key. */
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

/** `all -SSLv3`, `TLSv1.2 +TLSv1.3`: a word without a sign takes the place of what was before it. Null: a word that is not known. */
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

/** Where a Listen line or a virtual host stands: null for any address, and null for any port. */
type Where = { address: string | null; port: number | null };

const BRACKETS = /^\[([^\]]*)\](?::(\d{1,5}|\*))?$/;
const PLAIN = /^([^:]*)(?::(\d{1,5}|\*))?$/;

/** An address of `<VirtualHost>`; null where it cannot be read. One of zeros alone is every address of both families there. */
export function readHostAddress(text: string): Where | null {
  const where = readAddress(text);
  return where && /^[0:.]+$/.test(where.address ?? "") ? { address: null, port: where.port } : where;
}

function readAddress(text: string): Where | null {
  const found = BRACKETS.exec(text) ?? PLAIN.exec(text);
  if (!found || found[1] === "" || text.includes("${")) return null;
  return { address: toAddress(found[1] ?? ""), port: toPort(found[2]) };
}

/** What `Listen` says: `443`, `192.0.2.1:443 https`. The port 443 means https where no protocol is named. */
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
