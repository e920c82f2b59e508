import { type Protocol, protocolOfPort, type Target, type TlsTarget } from "../../model/hosts/target.ts";
import type { Labelled } from "../../model/label.ts";
import { formatCount } from "../count.ts";

/** A target as people write it, and as it is read back: what the port implies is left out. */
export function formatTarget(target: Target): string {
  if (target.kind === "tls") return formatEndpoint(target);
  const hostAddress = formatHostAddress(target);
  if (target.user !== null)
    return `${target.user}@${target.port === 22 ? bracket(target.host) : hostAddress}`;
  return target.port === 22 ? hostAddress : `ssh://${hostAddress}`;
}

/**
 * As `formatTarget`, with the port of every SSH target: the text means this one target, whatever ssh_config says later.
 */
export const writeTarget = (target: Target): string =>
  target.kind === "ssh" && target.user !== null
    ? `${target.user}@${formatHostAddress(target)}`
    : formatTarget(target);

/** How a target is probed, in a word or three: by SSH, by TLS at once, or by TLS after another protocol. */
export function formatKind(target: Target): string {
  if (target.kind === "ssh") return "SSH";
  return target.protocol === "tls" ? "TLS" : `TLS by ${formatProtocol(target.protocol)}`;
}

/** A host by its name, and its port where it is not the usual one. */
export const formatHost = ({ host, port }: { host: string; port: number | null }): string =>
  port === null || port === 22 ? host : formatHostAddress({ host, port });

/** `web01:443`, `192.0.2.1:443`, `[2001:db8::1]:443`. */
export const formatHostAddress = ({ host, port }: { host: string; port: number }): string =>
  `${bracket(host)}:${port}`;

/**
 * `shop:443`, `10.0.0.5:443/shop`, `mail:25`, `smtp://mail:2525`, and `tls://mail:25` where TLS is spoken at once on a
 * port that is known for another protocol.
 */
export function formatEndpoint({ port, serverName, protocol, ...target }: Omit<TlsTarget, "kind">): string {
  const hostAddress = formatHostAddress({ ...target, port });
  const said = serverName === null ? hostAddress : `${hostAddress}/${serverName}`;
  const isPlain = protocol === protocolOfPort(port) && (port !== 22 || serverName !== null);
  return isPlain ? said : `${protocol}://${said}`;
}

const bracket = (host: string): string => (host.includes(":") ? `[${host}]` : host);

const NAMES: Record<Protocol, string> = {
  tls: "TLS",
  smtp: "SMTP",
  lmtp: "LMTP",
  imap: "IMAP",
  pop3: "POP3",
  ftp: "FTP",
  ldap: "LDAP",
  xmpp: "XMPP",
  "xmpp-server": "XMPP (server)",
  nntp: "NNTP",
  sieve: "ManageSieve",
  irc: "IRC",
  telnet: "Telnet",
  postgres: "PostgreSQL",
  mysql: "MySQL",
  rdp: "RDP",
  mssql: "MS-TDS",
};

/** A protocol as people write its name. */
export const formatProtocol = (protocol: Protocol): string => NAMES[protocol];

/** `deploy@web1`, `deploy@web1:2222`. */
export const formatAccount = ({
  host,
  port,
  account,
}: {
  host: string;
  port: number;
  account: string;
}): string => `${account}@${formatHost({ host, port })}`;

/** What labels are put on, as a command takes it. */
export function formatLabelled(thing: Labelled): string {
  switch (thing.kind) {
    case "host":
      return thing.host;
    case "account":
      return formatAccount({ account: thing.name, host: thing.host, port: thing.port });
    case "certificate":
      return thing.sha256;
    case "key":
      return thing.fingerprint;
    case "endpoint":
      return formatEndpoint(thing);
    case "issuer":
      return thing.name;
  }
}

/** What people know a scan by: its first target, and how many others there are. Empty where it has none. */
export const formatScanName = ({
  firstTarget,
  total,
}: {
  firstTarget: string | null;
  total: number;
}): string =>
  firstTarget === null ? "" : `${firstTarget}${total > 1 ? ` and ${formatCount(total - 1, "other")}` : ""}`;
