import { z } from "zod";

/** Protocols that begin in plain text and turn to TLS after a few words: each has a dialogue of its own. */
export const StartTls = z.enum([
  "smtp",
  "lmtp",
  "imap",
  "pop3",
  "ftp",
  "ldap",
  "xmpp",
  "xmpp-server",
  "nntp",
  "sieve",
  "irc",
  "telnet",
  "postgres",
  "mysql",
  "rdp",
  "mssql",
]);
export type StartTls = z.infer<typeof StartTls>;

/** How an endpoint comes to speak TLS. `tls`: at once, as HTTPS does. */
export const Protocol = z.enum(["tls", ...StartTls.options]);
export type Protocol = z.infer<typeof Protocol>;

/** The ports where a protocol is spoken unless somebody says otherwise, the usual one first. */
const PORTS: Record<StartTls, readonly [number, ...number[]]> = {
  smtp: [25, 587],
  lmtp: [24],
  imap: [143],
  pop3: [110],
  ftp: [21],
  ldap: [389, 3268],
  xmpp: [5222],
  "xmpp-server": [5269],
  nntp: [119],
  sieve: [4190],
  irc: [6667],
  telnet: [23],
  postgres: [5432],
  mysql: [3306],
  rdp: [3389],
  mssql: [1433],
};

const BY_PORT: ReadonlyMap<number, StartTls> = new Map(
  StartTls.options.flatMap((protocol) => PORTS[protocol].map((port) => [port, protocol] as const)),
);

/** What a port says by itself: TLS at once, unless it is known for a protocol that begins in plain text. */
export const protocolOfPort = (port: number): Protocol => BY_PORT.get(port) ?? "tls";

export const usualPort = (protocol: Protocol): number => (protocol === "tls" ? 443 : PORTS[protocol][0]);
