import { z } from "zod";

/** Protocols that begin in plain text and turn to TLS by STARTTLS: each has a negotiation of its own. */
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

/** What a port implies: TLS at once, unless it is known for a protocol that begins in plain text. */
export const protocolOfPort = (port: number): Protocol => BY_PORT.get(port) ?? "tls";

export const usualPort = (protocol: Protocol): number => (protocol === "tls" ? 443 : PORTS[protocol][0]);

/** A name or an address as the user wrote it; an IPv6 address has no brackets here. */
export const HostName = z.string().min(1).max(253);
export const Port = z.int().min(1).max(65_535);

/** A host to log in to and read. `user` null: the name of this workstation's user. */
export const SshTarget = z.object({
  kind: z.literal("ssh"),
  host: HostName,
  port: Port,
  user: z.string().min(1).max(256).nullable(),
});
export type SshTarget = z.infer<typeof SshTarget>;

/** An endpoint to probe. `serverName` null: the host itself when it is a name, none when it is an address. */
export const TlsTarget = z.object({
  kind: z.literal("tls"),
  host: HostName,
  port: Port,
  serverName: HostName.nullable(),
  /** What is spoken there before TLS. */
  protocol: Protocol.default("tls"),
});
export type TlsTarget = z.infer<typeof TlsTarget>;

export const Target = z.discriminatedUnion("kind", [SshTarget, TlsTarget]);
export type Target = z.infer<typeof Target>;

/** A range is expanded to at most so many targets; a larger one is refused before any is made. */
export const MOST_TARGETS = 65_536;

/** Whether a host is named by its address, of IPv4 or IPv6. */
export const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

/** The server name in a ClientHello (RFC 6066 section 3: names only, no final dot); null for none. */
export const serverNameOf = ({ host, serverName }: TlsTarget): string | null => {
  const name = (serverName ?? host).replace(/\.$/, "");
  return isAddress(name) ? null : name;
};

/**
 * How endpoints are reached: empty, directly; `socks5://[user@]host:port` or `http://[user@]host:port`, through that
 * proxy; `ssh://[user@]host[:port]`, through that jump host. No password is ever in it.
 */
export const ProxyUrl = z.string().max(600);
export type ProxyUrl = z.infer<typeof ProxyUrl>;

export const isJumpHost = (proxy: ProxyUrl): boolean => proxy.startsWith("ssh://");
