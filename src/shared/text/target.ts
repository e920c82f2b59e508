import type { Target } from "../model/target.ts";

/** A target as people write it, and as it is read back: what the port says by itself is not said again. */
export function sayTarget(target: Target): string {
  const place = sayPlace(target);
  if (target.kind === "tls") {
    const said = target.serverName === null ? place : `${place}/${target.serverName}`;
    return target.port === 22 && target.serverName === null ? `tls://${said}` : said;
  }
  if (target.user !== null) return `${target.user}@${target.port === 22 ? sayHost(target.host) : place}`;
  return target.port === 22 ? place : `ssh://${place}`;
}

/** As `sayTarget`, with the port of every SSH target: what is read back means this one, whatever ssh_config says by then. */
export const writeTarget = (target: Target): string =>
  target.kind === "ssh" && target.user !== null ? `${target.user}@${sayPlace(target)}` : sayTarget(target);

/** `web01:443`, `192.0.2.1:443`, `[2001:db8::1]:443`. */
export const sayPlace = ({ host, port }: { host: string; port: number }): string =>
  `${sayHost(host)}:${port}`;

const sayHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);
