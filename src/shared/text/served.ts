import type { ServedRow, ServedState } from "../model/served.ts";
import { Protocol } from "../model/starttls.ts";
import { sayEndpoint } from "./target.ts";

const STATES: Record<ServedState, string> = {
  "not-reloaded": "not reloaded",
  "other-process": "another program listens",
  "other-listed": "another one of the host's",
  differs: "differs",
  "cannot-tell": "cannot be told",
  "not-seen": "not seen",
  agrees: "as configured",
};

/** Whether what is served agrees with the configuration, in a few words. */
export const sayServedState = (state: ServedState): string => STATES[state];

/** `nginx *:443 shop.example`, `postfix 192.0.2.1:25`: a listener and the name that it is asked for. */
export function sayListener({ address, port, name }: Pick<ServedRow, "address" | "port" | "name">): string {
  const place =
    address === null ? `*:${port}` : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return name === null ? place : `${place} ${name}`;
}

/** A name that is written out, and no pattern. */
const PLAIN_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i;
/** Nothing else that a configuration may say in its place. */
const ADDRESS = /^[\d.]+$|^[\da-f:.]+$/i;
const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** The endpoint whose scan shows what is served there; null: no other machine reaches it, or its name is a pattern. */
export function sayHandshake({
  host,
  address,
  port,
  name,
  protocol,
}: Pick<ServedRow, "host" | "address" | "port" | "name" | "protocol">): string | null {
  const { data: dialogue } = Protocol.safeParse(protocol);
  if (dialogue === undefined || (name !== null && !PLAIN_NAME.test(name))) return null;
  const own = address === null || EVERY_ADDRESS.has(address) ? host : address;
  // What a host has for itself alone is another one's here.
  if (own !== host && (!ADDRESS.test(own) || /^(127\.|::1$)/.test(own))) return null;
  return sayEndpoint({ host: own, port, serverName: name === own ? null : name, protocol: dialogue });
}

export const sayFileLine = ({ file, line }: { file: string; line: number }): string => `${file}:${line}`;
