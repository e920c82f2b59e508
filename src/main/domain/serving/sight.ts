import type { Listening } from "./listening.ts";
import type { MapIndex } from "./map-index.ts";

/** The first certificate of a file, as far as it is asked for here. `keyType`: as certificates give theirs; `subject`, `issuer`: as RFC 4514 writes them. */
export type Held = {
  sha256: string;
  names: readonly string[];
  notBefore: string | null;
  keyType: string;
  subject?: string;
  issuer?: string;
  notAfter?: string | null;
};

/** What is known of the files of the host that is judged. */
export type Files = {
  /** What a file holds now; null: nothing that was read. */
  heldNow: (path: string) => Held | null;
  /** The files that hold it now as their first certificate. */
  holding: (sha256: string) => readonly string[];
  /** Until when files held this certificate as their first one, as phrases by path: those that ever did. */
  heldUntil: (sha256: string) => ReadonlyMap<string, string>;
  /** Another file of this host that holds it now; null: none is known. */
  alsoIn: (sha256: string) => string | null;
};

/** What an endpoint of that host showed. `address` null: it is not known to which one the connection went. */
export type Sight = {
  address: string | null;
  port: number;
  /** The server name that was asked for; null: none. */
  name: string | null;
  leaf: Held;
  /** When the scan began that asked for it last, seconds since the epoch. */
  askedAt: number;
  /** When the scan began that read the host last, seconds since the epoch. */
  readAt: number;
};

/** What is known of one sight, for all that is judged by it. */
export type Known = { map: MapIndex; files: Files; sight: Sight; listening: Listening };

/** The names by which HAProxy chooses a certificate: its DNS names, and the common names of its subject as well. */
export const chosenNames = (held: Held | null): string[] | null =>
  held && [
    ...held.names.flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4).toLowerCase()] : [])),
    ...attributesOf(held.subject ?? "", "CN").map((name) => name.toLowerCase()),
  ];

/** The values of one type in a name as it is printed: what is escaped within one ends none. */
export const attributesOf = (name: string, type: string): string[] =>
  (name.match(/(?:\\.|[^,+\\])+/g) ?? []).flatMap((part) => {
    const attribute = part.trimStart();
    return attribute.startsWith(`${type}=`) ? [attribute.slice(type.length + 1).replace(/\\(.)/g, "$1")] : [];
  });
