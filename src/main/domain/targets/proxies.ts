import { isOneHost } from "#domain/ssh-config/hosts.ts";
import type { ProxyUrl } from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isUserName } from "./host-sets.ts";

/** `port` null: that of ssh_config, or 22. */
export type EndpointProxy =
  | { kind: "direct" }
  | { kind: "socks5" | "http"; host: string; port: number; user: string | null }
  | { kind: "jump"; host: string; port: number | null; user: string | null };

const SOCKS_PORT = 1080;

/** Reads a proxy's URL, or refuses it. The error does not repeat the text, which may have a password. */
export function readProxy(text: string): EndpointProxy {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "direct" };
  const match = /^([a-z0-9]+):\/\/(?:(.*)@)?(\[[^[\]@]*\]|[^:@/[\]]*)(?::(\d{1,5}))?\/?$/i.exec(trimmed);
  if (!match) throw refuse(`cannot be read; ${HOW}`);
  const [, scheme = "", user, name = "", digits] = match;
  if (user?.includes(":")) throw refuse(HAS_PASSWORD);
  const host = name.replace(/^\[|\]$/g, "");
  if (!isOneHost(host)) throw refuse(`names no host; ${HOW}`);
  const port = digits === undefined ? null : readPort(digits);
  if (user !== undefined && !/^[!-~]{1,255}$/.test(user)) throw refuse("has a user name that cannot be one");
  switch (scheme.toLowerCase()) {
    case "socks5":
    case "socks5h":
      return { kind: "socks5", host: host.toLowerCase(), port: port ?? SOCKS_PORT, user: user ?? null };
    case "http":
      if (port === null) throw refuse("names no port; write it as http://host:port");
      return { kind: "http", host: host.toLowerCase(), port, user: user ?? null };
    case "ssh":
      if (user !== undefined && !isUserName(user)) throw refuse("has a user name that cannot be one");
      return { kind: "jump", host, port, user: user ?? null };
    default:
      throw refuse(`is of a kind that is not gone (socks5, http and ssh are); ${HOW}`);
  }
}

/** The URL that is stored, and read again. */
export function writeProxy(proxy: EndpointProxy): ProxyUrl {
  if (proxy.kind === "direct") return "";
  const { kind, host, port, user } = proxy;
  const scheme = kind === "jump" ? "ssh" : kind;
  const address = `${host.includes(":") ? `[${host}]` : host}${port === null ? "" : `:${port}`}`;
  return `${scheme}://${user === null ? "" : `${user}@`}${address}`;
}

function readPort(digits: string): number {
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) return port;
  throw refuse("has no port from 1 to 65535");
}

const HOW = "write it as socks5://proxy.example:1080, http://proxy.example:3128 or ssh://user@jump.example";
const HAS_PASSWORD =
  "has a password in it, which would be kept: leave it out, as user@host:port, and it is asked for";

const refuse = (why: string): Refusal => new Refusal("invalid-input", `the way to the endpoints ${why}`);
