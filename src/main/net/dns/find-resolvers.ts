import { getServers } from "node:dns";
import { isIP } from "node:net";

export type Resolver = { address: string; port: number };

/** ssh, too, asks no more of them than the system's resolver library does. */
const MOST_RESOLVERS = 3;

/** The resolvers of this system, in the order in which it asks them. */
export const findResolvers = (): Resolver[] =>
  getServers()
    .flatMap((text) => readResolver(text) ?? [])
    .slice(0, MOST_RESOLVERS);

/** Reads `IP`, `IP:PORT` or `[IP]:PORT`; null for anything else: a resolver is not looked up by name. */
export function readResolver(text: string): Resolver | null {
  const [, bracketed, plain, portText = "53"] =
    /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = isIP(text) === 6 ? text : (bracketed ?? plain ?? "");
  const port = Number(portText);
  return isIP(address) !== 0 && port >= 1 && port <= 65_535 ? { address, port } : null;
}

/** Whether what it says of DNSSEC comes from this computer, where nobody on the way can have written it. */
export const isLocal = ({ address }: Resolver): boolean => address.startsWith("127.") || address === "::1";

export const formatResolver = ({ address, port }: Resolver): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
