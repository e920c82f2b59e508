import { type Element, MOST_OID_BYTES, printOid } from "#codec/der.ts";
import objects from "./openssl-objects.json" with { type: "json" };

/** An object identifier; its names are OpenSSL 3.5's, and null where OpenSSL has none. */
export type ObjectId = { oid: string; shortName: string | null; longName: string | null };

const names = new Map<string, string | string[]>(Object.entries(objects));

/**
 * Identifiers that were met and that OpenSSL knows, by a sum of their bytes. The cache cannot grow beyond OpenSSL's
 * list.
 */
const met = new Map<number, { content: Buffer; object: ObjectId }[]>();

/** Reads an identifier's content, where it stands; null if it is empty, cut short, padded or too long. */
export function readObjectId(bytes: Buffer, { content, end }: Element): ObjectId | null {
  if (end - content > MOST_OID_BYTES) return null;
  let sum = 0;
  for (let at = content; at < end; at++) sum = (Math.imul(sum, 31) + (bytes[at] ?? 0)) | 0;
  for (const known of met.get(sum) ?? []) if (isAt(bytes, content, end, known.content)) return known.object;
  return findObject(bytes.subarray(content, end), sum);
}

function isAt(bytes: Buffer, start: number, end: number, oid: Buffer): boolean {
  if (oid.length !== end - start) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== oid[at - start]) return false;
  return true;
}

function findObject(content: Buffer, sum: number): ObjectId | null {
  const oid = printOid(content);
  if (oid === null) return null;
  const entry = names.get(oid);
  if (entry === undefined) return { oid, shortName: null, longName: null };
  const [shortName = oid, longName = shortName] = typeof entry === "string" ? [entry] : entry;
  const object = { oid, shortName, longName };
  met.set(sum, [...(met.get(sum) ?? []), { content: Buffer.from(content), object }]);
  return object;
}

export const longNameOf = ({ oid, longName }: ObjectId): string => longName ?? oid;

/** How an extension's printed value names an identifier, so that callers can decide by the identifier. */
export function printedNameOf(oid: string): string {
  const entry = names.get(oid);
  return (Array.isArray(entry) ? (entry[1] ?? entry[0]) : entry) ?? oid;
}
