/** What in a reply violates RFC 8555: the end of a sentence that begins with the reply. */
export type Broken = { kind: "broken"; message: string };

export const broken = (message: string): Broken => ({ kind: "broken", message });

export const isBroken = (read: object): read is Broken => "kind" in read && read.kind === "broken";

export type Fields = Readonly<Record<string, unknown>>;

/** An object of JSON; null for all else. */
export function openJson(bytes: Uint8Array): Fields | null {
  try {
    return fieldsOf(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    return null;
  }
}

export const fieldsOf = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;

/** Text that is there and not too long. */
export const textOf = (value: unknown, most: number): string | null =>
  typeof value === "string" && value !== "" && value.length <= most ? value : null;

/** Each of a list, parsed by `read`; null if it is no list, has too many, or holds one that cannot be read. */
export function eachOf<T>(value: unknown, most: number, read: (part: unknown) => T | null): T[] | null {
  if (!Array.isArray(value) || value.length > most) return null;
  const parts = value.map(read);
  return parts.every((part) => part !== null) ? (parts as T[]) : null;
}

const MOST_URL = 2_048;

/**
 * An address at this origin. An authority is trusted by the address that the user typed: it must not send us to another
 * one, nor get a signature for another one.
 */
export function urlAt(origin: string, value: unknown): string | null {
  const text = textOf(value, MOST_URL);
  const url = text === null ? null : URL.parse(text);
  return url && url.origin === origin && url.username === "" && url.password === "" ? url.href : null;
}
