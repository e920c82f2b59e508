import type { Place } from "#domain/server-configs/configuration.ts";

/** One address and port that a server listens at, with what the words behind it say. */
export type NginxListen = {
  address: string | null;
  port: number;
  isDefault: boolean;
  isTls: boolean;
  at: Place;
};

const MOST_PORTS = 1_000;

/** Where a `listen` of TCP leads; none for a socket of Unix and for QUIC. "unclear" for what cannot be read. */
export function readListen(
  values: readonly string[],
  at: Place,
  usualPort: number | null,
): NginxListen[] | "unclear" {
  const [where = "", ...words] = values;
  if (where.startsWith("unix:") || words.includes("quic") || words.includes("udp")) return [];
  const place = readAddress(where);
  const port = place?.port ?? usualPort;
  if (!place || port === null) return "unclear";
  const isDefault = words.includes("default_server") || words.includes("default");
  const isBoth = place.address === "::" && words.includes("ipv6only=off");
  const last = Math.min(place.lastPort ?? port, port + MOST_PORTS);
  const listens: NginxListen[] = [];
  const address = isBoth ? null : place.address;
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
