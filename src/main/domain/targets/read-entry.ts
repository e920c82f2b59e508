import { isOneHost } from "#domain/ssh-config/hosts.ts";
import { type Protocol, StartTls, type Target, usualPort } from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { type HostSet, isUserName, readAddresses, readName } from "./host-sets.ts";

/** One entry of a text of targets. `kind` null: both kinds; `protocol` null: by the port. */
export type Entry = {
  kind: Target["kind"] | null;
  hosts: HostSet;
  port: number | null;
  user: string | null;
  /** Each makes a target of its own; empty where none is named. */
  serverNames: readonly string[];
  protocol: Protocol | null;
  /** The default port of its scheme, for an entry without one. */
  usualPort: number | null;
};

/**
 * Reads one entry, or refuses it with a phrase that goes after the entry itself. A host that ssh_config names without a
 * pattern keeps its case, which matters to ssh.
 */
export function readEntry(word: string, isNamed: (host: string) => boolean): Entry {
  const { scheme, rest } = splitScheme(word);
  const { protocol = null, usualPort = null } = scheme ?? {};
  const { address, serverNames } = splitServerNames(rest, usualPort !== null);
  const at = address.lastIndexOf("@");
  const user = at === -1 ? null : readUser(address.slice(0, at));
  const { host, port } = splitPort(address.slice(at + 1));
  const read = readAddresses(host) ?? readName(host);
  const hosts = isNamed(host) && isOneHost(host) ? { count: 1n, list: () => [host] } : read;
  const kind = scheme?.kind ?? kindOf({ user, port, serverNames });
  return { kind, hosts, port, user, serverNames, protocol, usualPort };
}

function kindOf({ user, port, serverNames }: Pick<Entry, "user" | "port" | "serverNames">): Entry["kind"] {
  if (serverNames.length > 0) return "tls";
  if (user !== null || port === 22) return "ssh";
  return port === null ? null : "tls";
}

function splitScheme(word: string) {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(word);
  if (!match) return { scheme: null, rest: word };
  const [, name = "", rest = ""] = match;
  if (name.toLowerCase() === "http")
    throw refuse("has no TLS, so it shows no certificate; write host:443 for its secure side");
  const scheme = readScheme(name.toLowerCase());
  if (!scheme)
    throw refuse("is an address of a kind that is not scanned; write host, host:port or user@host");
  return {
    scheme,
    rest: scheme.isPage ? rest.replace(/[/?].*/, "").replace(/^.*@/, "") : rest.replace(/\/$/, ""),
  };
}

/** `host:port/name+name`. A number after the slash is the prefix length of a network instead. */
function splitServerNames(text: string, hasUsualPort: boolean): { address: string; serverNames: string[] } {
  const match = /^(.*)\/([^/\]]*)$/.exec(text);
  if (!match?.[2] || /^\d+(:|$)/.test(match[2])) return { address: text, serverNames: [] };
  const [, address = "", names] = match;
  if (splitPort(address).port === null && !hasUsualPort)
    throw refuse("names a server but no port; write host:port/name, such as 10.0.0.5:443/shop.example");
  return { address, serverNames: [...new Set(names.split("+").map(readServerName))] };
}

/** Reads one server name (SNI). */
export function readServerName(text: string): string {
  const { count, list } = readName(text);
  const [name] = count === 1n ? list() : [];
  if (name === undefined) throw refuse("is a pattern; write server names in full, with + between them");
  return name;
}

function splitPort(text: string): { host: string; port: number | null } {
  const bracketed = /^\[([^[\]]*:[^[\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? "", port: readPort(bracketed[2]) };
  const isBareIpv6 = text.indexOf(":") !== text.lastIndexOf(":");
  if (isBareIpv6) return { host: text, port: null };
  const [host = "", port] = text.split(":");
  return { host, port: readPort(port) };
}

function readPort(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw refuse("has no port from 1 to 65535; write it as host:port");
}

function readUser(user: string): string {
  if (isUserName(user)) return user;
  throw refuse("has a user name that cannot be one; write it as user@host");
}

const refuse = (why: string): Refusal => new Refusal("invalid-input", why);

/** The meaning of the part before ://. `usualPort` null: it has none; `protocol` null: it is not for TLS. */
type Scheme = {
  kind: Target["kind"];
  protocol: Protocol | null;
  usualPort: number | null;
  /** The text after the host is a page, and no server name. */
  isPage: boolean;
};

const endpoint = (protocol: Protocol, port: number | null): Scheme => ({
  kind: "tls",
  protocol,
  usualPort: port,
  isPage: false,
});

/** Protocols within TLS from the start, with their ports. */
const WITHIN_BRACKETS: readonly [string, number][] = [
  ["smtps", 465],
  ["imaps", 993],
  ["pop3s", 995],
  ["ldaps", 636],
  ["ftps", 990],
  ["nntps", 563],
  ["ircs", 6697],
  ["telnets", 992],
];

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["ssh", { kind: "ssh", protocol: null, usualPort: null, isPage: false }],
  ["tls", endpoint("tls", null)],
  ["https", { ...endpoint("tls", 443), isPage: true }],
  ...WITHIN_BRACKETS.map(([name, port]) => [name, endpoint("tls", port)] as const),
  ...StartTls.options.map((name) => [name, endpoint(name, usualPort(name))] as const),
  ["postgresql", endpoint("postgres", usualPort("postgres"))],
  ["mariadb", endpoint("mysql", usualPort("mysql"))],
]);

/** Null for an unknown scheme. */
const readScheme = (name: string): Scheme | null => SCHEMES.get(name) ?? null;
