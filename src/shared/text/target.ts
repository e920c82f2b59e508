import { protocolOfPort } from "../model/starttls.ts";
import type { Target, TlsTarget } from "../model/target.ts";
import { formatProtocol } from "./protocol.ts";

/** A target as people write it, and as it is read back: what the port says by itself is not said again. */
export function formatTarget(target: Target): string {
  if (target.kind === "tls") return formatEndpoint(target);
  const place = formatPlace(target);
  if (target.user !== null) return `${target.user}@${target.port === 22 ? formatHost(target.host) : place}`;
  return target.port === 22 ? place : `ssh://${place}`;
}

/** As `formatTarget`, with the port of every SSH target: what is read back means this one, whatever ssh_config says by then. */
export const writeTarget = (target: Target): string =>
  target.kind === "ssh" && target.user !== null
    ? `${target.user}@${formatPlace(target)}`
    : formatTarget(target);

/** How a target is visited, in a word or three: by SSH, by TLS at once, or by TLS after another protocol. */
export function formatKind(target: Target): string {
  if (target.kind === "ssh") return "SSH";
  return target.protocol === "tls" ? "TLS" : `TLS by ${formatProtocol(target.protocol)}`;
}

/** `web01:443`, `192.0.2.1:443`, `[2001:db8::1]:443`. */
export const formatPlace = ({ host, port }: { host: string; port: number }): string =>
  `${formatHost(host)}:${port}`;

/** `shop:443`, `10.0.0.5:443/shop`, `mail:25`, `smtp://mail:2525`, and `tls://mail:25` where TLS is spoken at once on a port that is known for another way. */
export function formatEndpoint({ port, serverName, protocol, ...target }: Omit<TlsTarget, "kind">): string {
  const place = formatPlace({ ...target, port });
  const said = serverName === null ? place : `${place}/${serverName}`;
  const isPlain = protocol === protocolOfPort(port) && (port !== 22 || serverName !== null);
  return isPlain ? said : `${protocol}://${said}`;
}

const formatHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);
