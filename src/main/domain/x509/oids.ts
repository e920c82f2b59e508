import objects from "./openssl-objects.json" with { type: "json" };

/** An object identifier; its names are OpenSSL 3.5's, and null where OpenSSL has none. */
export type ObjectId = { oid: string; shortName: string | null; longName: string | null };

/** A longer identifier is no identifier but an attack on whoever prints it. */
const MOST_BYTES = 256;

const names = new Map<string, string | string[]>(Object.entries(objects));

/** Identifiers that OpenSSL knows, by their bytes: there are only so many, and few are ever met. */
const met = new Map<string, ObjectId>();

/** Reads an identifier's content; null if it is empty, cut short, padded or too long. */
export function readObjectId(content: Buffer): ObjectId | null {
  const key = content.length <= MOST_BYTES ? content.toString("latin1") : "";
  const known = met.get(key);
  if (known) return known;
  const oid = key === "" ? null : printOid(content);
  if (oid === null) return null;
  const entry = names.get(oid);
  if (entry === undefined) return { oid, shortName: null, longName: null };
  const [shortName = oid, longName = shortName] = typeof entry === "string" ? [entry] : entry;
  const object = { oid, shortName, longName };
  met.set(key, object);
  return object;
}

export const longNameOf = ({ oid, longName }: ObjectId): string => longName ?? oid;

function printOid(content: Uint8Array): string | null {
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  let isBegun = false;
  for (const byte of content) {
    if (!isBegun && byte === 0x80) return null;
    isBegun = true;
    if (typeof arc === "number" && arc >= 2 ** 45) arc = BigInt(arc);
    arc = typeof arc === "number" ? arc * 128 + (byte & 0x7f) : arc * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(...(arcs.length === 0 ? splitFirst(arc) : [arc]));
    arc = 0;
    isBegun = false;
  }
  return isBegun ? null : arcs.join(".");
}

/** The first number on the wire holds two arcs. */
function splitFirst(arc: number | bigint): (number | bigint)[] {
  if (arc >= 80) return [2, typeof arc === "number" ? arc - 80 : arc - 80n];
  return [Math.floor(Number(arc) / 40), Number(arc) % 40];
}
