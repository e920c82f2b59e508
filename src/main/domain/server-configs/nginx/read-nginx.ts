import type {
  Configuration,
  ConfigurationFiles,
  Deployment,
  Listen,
  Location,
  Named,
  Role,
  TlsBinding,
  TlsSettings,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { spend } from "#domain/work-budget.ts";
import { type Block, readBlocks, type Setting } from "./blocks.ts";

/**
 * nginx.conf and what it includes: http, stream and mail. A server's settings replace those of the block around it,
 * certificates and keys each as a whole. All servers at one address and port speak TLS there when one of them does,
 * and the first is the default unless one is named.
 */
export function readNginx(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const main = readBlocks(draft);
  nameOthers(draft, main);
  for (const part of main.blocks) {
    const before = draft.configuration.bindings.length;
    if (part.name !== "server") readPart(draft, part);
    const said = draft.configuration.bindings.splice(before);
    draft.configuration.bindings.push(...dropConflicts(said));
    nameUnused(draft, said);
    if (part.hasGap) draft.markIncomplete(`a file that ${part.name} { includes was not read`);
  }
  return draft.configuration;
}

/** Records the files that only unreachable servers name: they are not in use, but must not count as forgotten. */
function nameUnused(draft: Draft, said: readonly TlsBinding[]): void {
  const pathsOf = (bindings: readonly TlsBinding[]) =>
    bindings.flatMap(({ deployments }) =>
      deployments.flatMap(({ certificate, key }) => (key ? [certificate, key] : certificate)),
    );
  const used = new Set(pathsOf(draft.configuration.bindings).map(({ path }) => path));
  for (const named of pathsOf(said)) if (!used.has(named.path)) draft.name("other", named);
}

type Server = { block: Block; listens: NginxListen[] };

function readPart(draft: Draft, part: Block): void {
  const servers = joinFamilies(
    part.blocks
      .filter(({ name }) => name === "server")
      .map((block): Server => ({ block, listens: readListens(draft, part.name, block) })),
  );
  const [tls, first] = [new Set<string>(), new Map<string, { listen: NginxListen; block: Block }>()];
  for (const { block, listens } of servers) {
    for (const listen of listens) {
      const address = formatAddress(listen);
      if (listen.isTls) tls.add(address);
      const known = first.get(address)?.listen;
      if (!known || (listen.isDefault && !known.isDefault)) first.set(address, { listen, block });
    }
  }
  const hasGap = part.hasGap || servers.some(({ block }) => block.hasGap);
  for (const { block, listens } of servers) {
    const startTls = part.name === "mail" && isOn(lastOf("starttls", block, part), ["on", "only"]);
    const isServed = (listen: NginxListen) => startTls || tls.has(formatAddress(listen));
    const served = listens.filter(isServed);
    if (!hasGap) draft.leavePlain(listens.filter((listen) => !isServed(listen)));
    const protocols = startTls ? Map.groupBy(served, (listen) => protocolOf(listen, tls, block)) : null;
    for (const [protocol, all] of protocols ?? [["tls", served] as const]) {
      const usualOf = (listen: NginxListen) => first.get(formatAddress(listen))?.block ?? block;
      for (const [by, some] of groupByShown(draft, { part, block }, all, usualOf)) {
        const own = some.map((listen) => ({
          address: listen.address,
          port: listen.port,
          isDefault: first.get(formatAddress(listen))?.listen === listen,
        }));
        const addresses = new Set(some.map(formatAddress));
        const beside = servers
          .filter((one) => one.listens.some((listen) => addresses.has(formatAddress(listen))))
          .map((one) => one.block);
        if (own.length > 0) serveBlock(draft, part, { block, by }, { listens: own, protocol, beside });
      }
    }
  }
}

/** One server sets `ipv6only=off`, and it holds for all servers of that listener. */
function joinFamilies(servers: readonly Server[]): Server[] {
  const both = new Set(
    servers.flatMap(({ listens }) =>
      listens.filter(({ address }) => address === null).map(({ port }) => port),
    ),
  );
  const join = (listen: NginxListen): NginxListen =>
    listen.address === "::" && both.has(listen.port) ? { ...listen, address: null } : listen;
  return servers.map(({ block, listens }) => ({ block, listens: listens.map(join) }));
}

/** A server without a certificate, its own or inherited, presents those of the default server of its listener. */
function groupByShown(
  draft: Draft,
  { part, block }: { part: Block; block: Block },
  listens: readonly NginxListen[],
  usualOf: (listen: NginxListen) => Block,
): Map<Block, NginxListen[]> {
  const isBare =
    inheritedOf("ssl_certificate", block, part).length === 0 &&
    readDeployments(draft, part, block).unsure === null;
  return Map.groupBy(listens, (listen) => (isBare ? usualOf(listen) : block));
}

/** `block`: its names lead here; `by`: its certificates are presented. */
type Shown = { block: Block; by: Block };

/** `beside`: all servers at these listeners, including itself. */
type Served = { listens: Listen[]; protocol: string; beside: readonly Block[] };

function serveBlock(
  draft: Draft,
  part: Block,
  { block, by }: Shown,
  { listens, protocol, beside }: Served,
): void {
  const { deployments, unsure } = readDeployments(draft, part, by);
  if (deployments.length === 0 && unsure === null) return;
  draft.serve({
    listens,
    names: part.name === "mail" ? [] : allOf("server_name", block).flatMap(({ values }) => values),
    namesFromCertificate: false,
    protocol,
    deployments,
    chain: null,
    unsure,
    ...readTls(part, block, beside),
    at: block.at,
  });
}

/**
 * Nothing where a file that was not read, or ssl_conf_command, may set other ciphers. The versions of a listener are
 * those of its default server, so they are known only where all servers agree.
 */
function readTls(part: Block, block: Block, beside: readonly Block[]): { tls?: TlsSettings } {
  if (block.hasGap || part.hasGap || inheritedOf("ssl_conf_command", block, part).length > 0) return {};
  const said = new Set(beside.map((server) => tlsVersionsOf(part, server).join(" ")));
  const versions = tlsVersionsOf(part, block);
  return {
    tls: {
      ciphers: lastOf("ssl_ciphers", block, part) ?? null,
      versions: versions.length === 0 || said.size > 1 ? null : versions,
    },
  };
}

const tlsVersionsOf = (part: Block, server: Block): string[] =>
  inheritedOf("ssl_protocols", server, part).flatMap(({ values }) => values);

function readListens(draft: Draft, part: string, block: Block): NginxListen[] {
  const isOnForAll = isOn(lastOf("ssl", block), ["on"]);
  const written = allOf("listen", block).flatMap(({ values, at }) => {
    const listens = readListen(values, at, part === "http" ? 80 : null);
    if (listens !== "unclear") return listens;
    draft.warn(`where listen ${values[0] ?? ""} listens`, at);
    return [];
  });
  const isSilent = written.length === 0 && part === "http" && allOf("listen", block).length === 0;
  const usual = { address: "0.0.0.0", port: 80, isDefault: false, isTls: false, at: block.at };
  return (isSilent ? [usual] : written).map((listen) => ({ ...listen, isTls: listen.isTls || isOnForAll }));
}

function readDeployments(
  draft: Draft,
  part: Block,
  block: Block,
): { deployments: Deployment[]; unsure: string | null } {
  const certificates = inheritedOf("ssl_certificate", block, part);
  const keys = inheritedOf("ssl_certificate_key", block, part);
  const code = [block, part]
    .flatMap((one) => one.settings)
    .find(({ name }) => name.startsWith("ssl_certificate_by_lua"));
  const isTurnedAway = isOn(lastOf("ssl_reject_handshake", block, part), ["on"]);
  const gap = block.hasGap || (part.hasGap && allOf("ssl_certificate", block).length === 0);
  let unsure = gap ? "a file that is included here was not read" : null;
  if (code) unsure = `${code.name} chooses the certificate (${formatAt(code.at)})`;
  if (isTurnedAway) unsure = "it turns every handshake away (ssl_reject_handshake)";
  const deployments: Deployment[] = [];
  for (const [index, setting] of certificates.entries()) {
    const certificate = toNamed(draft, setting);
    const key = keys[index] ? toNamed(draft, keys[index]) : null;
    if (certificate === null)
      unsure ??= `${setting.values[0] ?? "the certificate"} is no path to a file (${formatAt(setting.at)})`;
    else deployments.push({ certificate, key });
  }
  return { deployments, unsure };
}

/** Null for what is no path: a variable, or a certificate in the configuration itself. */
function toNamed({ source }: Draft, { name, values, at }: Setting): Named | null {
  const [path = ""] = values;
  if (path === "" || path.includes("$") || /^(?:data|engine|store):/.test(path)) return null;
  return { path: joinPath(folderOf(source.root), path), directive: name, at };
}

const OTHERS: { [name: string]: Role } = {
  ssl_client_certificate: "client-ca",
  ssl_trusted_certificate: "client-ca",
  ssl_crl: "crl",
  ssl_dhparam: "dhparam",
  ssl_stapling_file: "other",
  ssl_password_file: "other",
  proxy_ssl_certificate: "upstream-certificate",
  proxy_ssl_certificate_key: "upstream-key",
  proxy_ssl_trusted_certificate: "upstream-ca",
  proxy_ssl_crl: "crl",
};

function nameOthers(draft: Draft, block: Block): void {
  for (const setting of block.settings) {
    const role = OTHERS[setting.name.replace(/^(?:grpc|uwsgi)_/, "proxy_")];
    const named = role === undefined ? null : toNamed(draft, setting);
    if (role !== undefined && named) draft.name(role, named);
    else if (role !== undefined && setting.values[0]?.includes("$"))
      draft.warn(`${setting.values[0]} stands for a file by a variable`, setting.at);
  }
  for (const inner of block.blocks) nameOthers(draft, inner);
}

const allOf = (name: string, block: Block): Setting[] =>
  block.settings.filter((setting) => setting.name === name);

/** The settings of the block, or else of the block around it. */
function inheritedOf(name: string, block: Block, outer: Block): Setting[] {
  const own = allOf(name, block);
  return own.length > 0 ? own : allOf(name, outer);
}

const lastOf = (name: string, block: Block, outer: Block = block): string | undefined =>
  inheritedOf(name, block, outer).at(-1)?.values[0];

const isOn = (value: string | undefined, words: readonly string[]): boolean =>
  value !== undefined && words.includes(value);

const formatAddress = ({ address, port }: NginxListen): string => `${address} ${port}`;
const formatAt = ({ file, line }: Location): string => `${file}:${line}`;

const MAIL_PORTS: { [port: number]: string } = {
  25: "smtp",
  465: "smtp",
  587: "smtp",
  110: "pop3",
  995: "pop3",
  143: "imap",
  993: "imap",
};

/** Without a `protocol` directive, nginx takes the protocol that the mail port is known for. */
function protocolOf(listen: NginxListen, tls: ReadonlySet<string>, block: Block): string {
  if (tls.has(formatAddress(listen))) return "tls";
  return lastOf("protocol", block) ?? MAIL_PORTS[listen.port] ?? "imap";
}

/** One address and port at which a server listens, with the parameters of its `listen`. */
type NginxListen = {
  address: string | null;
  port: number;
  isDefault: boolean;
  isTls: boolean;
  at: Location;
};

const MOST_PORTS = 1_000;

/** The addresses and ports of a `listen`; none for a Unix socket and for QUIC. "unclear" for what cannot be read. */
export function readListen(
  values: readonly string[],
  at: Location,
  usualPort: number | null,
): NginxListen[] | "unclear" {
  const [where = "", ...words] = values;
  if (where.startsWith("unix:") || words.includes("quic") || words.includes("udp")) return [];
  const read = readAddress(where);
  const port = read?.port ?? usualPort;
  if (!read || port === null) return "unclear";
  const isDefault = words.includes("default_server") || words.includes("default");
  const isBoth = read.address === "::" && words.includes("ipv6only=off");
  const last = Math.min(read.lastPort ?? port, port + MOST_PORTS);
  const listens: NginxListen[] = [];
  const address = isBoth ? null : read.address;
  for (let next = port; next <= last; next++)
    listens.push({ address, port: next, isDefault, isTls: words.includes("ssl"), at });
  return listens;
}

type Where = { address: string; port: number | null; lastPort: number | null };

const BRACKETS = /^\[([0-9A-Fa-f:.%]+)\](?::(\d{1,5})(?:-(\d{1,5}))?)?$/;
const PORT_ALONE = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const NAMED = /^([^:\s$]+)(?::(\d{1,5})(?:-(\d{1,5}))?)?$/;

function readAddress(where: string): Where | null {
  const alone = PORT_ALONE.exec(where);
  if (alone) return { address: "0.0.0.0", port: Number(alone[1]), lastPort: toNumber(alone[2]) };
  const found = BRACKETS.exec(where) ?? NAMED.exec(where);
  if (!found) return null;
  const address = (found[1] ?? "").toLowerCase();
  return {
    address: address === "*" ? "0.0.0.0" : address,
    port: toNumber(found[2]),
    lastPort: toNumber(found[3]),
  };
}

const toNumber = (digits: string | undefined): number | null =>
  digits === undefined ? null : Number(digits);

/** The names of a listener so far: exact ones, `*.` names without the star, and `.*` names without it. */
type NamesInUse = { exact: Set<string>; before: Set<string>; behind: Set<string> };

/**
 * Bindings of one part in their order, without the names that nginx ignores: at one address and port, each name belongs
 * to the first server that has it. nginx ignores `.example.com` as a whole beside `example.com` or `*.example.com`,
 * within one server as well. A server that keeps no name answers only where it is the default.
 */
function dropConflicts(bindings: readonly TlsBinding[]): TlsBinding[] {
  const addresses = new Map<string, NamesInUse>();
  return bindings.flatMap((binding) => {
    spend(binding.listens.length * (1 + binding.names.length));
    const byNames = Map.groupBy(binding.listens, (listen) =>
      JSON.stringify(binding.names.filter(taker(addresses, listen))),
    );
    return [...byNames].flatMap(([left, listens]): TlsBinding[] => {
      const names: string[] = JSON.parse(left);
      const isNamed = names.length > 0 || binding.names.length === 0;
      const some = isNamed ? listens : listens.filter(({ isDefault }) => isDefault);
      return some.length > 0 ? [{ ...binding, names, listens: some }] : [];
    });
  });
}

function taker(addresses: Map<string, NamesInUse>, { address, port }: Listen): (name: string) => boolean {
  const key = `${address} ${port}`;
  const inUse = addresses.get(key) ?? { exact: new Set(), before: new Set(), behind: new Set() };
  addresses.set(key, inUse);
  return (name) => takes(inUse, name.toLowerCase());
}

/** As `ngx_hash_add_key`. Regular expressions never conflict: nginx tries them one after the other. */
function takes({ exact, before, behind }: NamesInUse, name: string): boolean {
  if (name.startsWith("~") || name === "") return true;
  if (name.startsWith("*.")) return add(before, name.slice(2));
  if (name.endsWith(".*")) return add(behind, name.slice(0, -2));
  if (!name.startsWith(".")) return add(exact, name);
  // nginx takes the exact name even where the names below it belong to another.
  return add(exact, name.slice(1)) && add(before, name.slice(1));
}

/** Whether the name was new. */
function add(names: Set<string>, name: string): boolean {
  if (names.has(name)) return false;
  names.add(name);
  return true;
}
