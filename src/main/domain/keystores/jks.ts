import { createHash, timingSafeEqual } from "node:crypto";
import { entryOf, type Keystore, type Opened, type StoreEntry } from "./keystore.ts";

/**
 * Java's JKS and JCEKS: certificates stand in the clear, keys are under passwords of their own, and a hash over the
 * file and the store's password stands at its end. Nothing but that hash needs the password, and no key is opened:
 * its chain says which key it is.
 */
const MAGIC = { jks: 0xfeedfeed, jceks: 0xcececece } as const;
const KEY = 1;
const CERTIFICATE = 2;
const SECRET = 3;
const HASH_BYTES = 20;

const MOST_ENTRIES = 100_000;
const MOST_CHAIN = 1_000;

/** Keeps a hash of the same bytes for another purpose from being valid here. */
const WHITENER = "Mighty Aphrodite";

/** The store without its password; null if it is neither JKS nor JCEKS. */
export function readJks(bytes: Buffer): Keystore | null {
  if (bytes.length < 12) return null;
  const magic = bytes.readUInt32BE(0);
  if (magic !== MAGIC.jks && magic !== MAGIC.jceks) return null;
  const format = magic === MAGIC.jks ? "JKS" : "JCEKS";
  const { entries, malformed } = readEntries(bytes);
  const hasKeys = entries.some(({ isLocked }) => isLocked);
  return {
    format,
    entries,
    malformed,
    state: entries.length === 0 && malformed.length > 0 ? "locked" : hasKeys ? "partly-locked" : "open",
    protection: hasKeys
      ? "keys by a method of Java's own; certificates are not encrypted"
      : "nothing in it is encrypted",
    integrity: "not-checked",
    lock: {
      canBeOpened: malformed.length === 0,
      why:
        malformed.length === 0
          ? "its certificates are read without the password, which alone shows whether they are unchanged"
          : "it is damaged",
      work: 1,
    },
  };
}

/**
 * The password is right if the hash at the end says so. Private keys stay encrypted: the chain of each says which one
 * it is.
 */
export function openJks(bytes: Buffer, password: string): Opened {
  const store = readJks(bytes);
  if (!store || !isRight(bytes, password)) return { kind: "wrong-password" };
  return { kind: "opened", store: { ...store, integrity: "checked", lock: null } };
}

function isRight(bytes: Buffer, password: string): boolean {
  const end = bytes.length - HASH_BYTES;
  if (end < 0) return false;
  const mixed = createHash("sha1").update(Buffer.from(password, "utf16le").swap16()).update(WHITENER);
  return timingSafeEqual(mixed.update(bytes.subarray(0, end)).digest(), bytes.subarray(end));
}

function readEntries(bytes: Buffer): { entries: StoreEntry[]; malformed: string[] } {
  const end = bytes.length - HASH_BYTES;
  const reader = openJava(bytes.subarray(0, Math.max(end, 0)), 4);
  const version = reader.int();
  const count = reader.int() ?? 0;
  const entries: StoreEntry[] = [];
  if (version !== 1 && version !== 2)
    return { entries, malformed: [`it is of version ${version}, which is not known`] };
  for (let index = 0; index < count; index++) {
    const entry = index < MOST_ENTRIES ? readEntry(reader, version, bytes, end) : null;
    if (!entry)
      return {
        entries,
        malformed: [`it is cut short or damaged: of ${count} entries ${index} could be read`],
      };
    entries.push(entry);
  }
  const rest = end - reader.position();
  return { entries, malformed: rest === 0 ? [] : [`${rest} bytes in it belong to no entry`] };
}

function readEntry(reader: JavaReader, version: number, bytes: Buffer, end: number): StoreEntry | null {
  const tag = reader.int();
  const alias = reader.text();
  if (alias === null || reader.date() === null) return null;
  if (tag === KEY) {
    const key = reader.octets();
    const certificates = key && readChain(reader, version);
    return certificates && entryOf("key", { alias, certificates, isLocked: true });
  }
  if (tag === CERTIFICATE) {
    const certificate = readOne(reader, version);
    return certificate && entryOf("certificate", { alias, certificates: [certificate] });
  }
  if (tag !== SECRET) return null;
  reader.skipTo(findNextEntry(bytes, reader.position(), end));
  return entryOf("secret", { alias, isLocked: true });
}

export function readChain(reader: JavaReader, version: number): Buffer[] | null {
  const count = reader.int();
  if (count === null || count < 0 || count > MOST_CHAIN) return null;
  const chain: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const certificate = readOne(reader, version);
    if (!certificate) return null;
    chain.push(certificate);
  }
  return chain;
}

/** From version 2 on its type stands before it, which is X.509 in every store that was ever seen. */
function readOne(reader: JavaReader, version: number): Buffer | null {
  if (version >= 2 && reader.text() === null) return null;
  return reader.octets();
}

/**
 * A secret key is a Java object, written without a length. The next entry is found by how entries begin: a known tag, a
 * name, a date before 2100, and how the content of an entry with that tag begins.
 */
function findNextEntry(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0) continue;
    if (isEntryStart(bytes, at)) return at;
  }
  return end;
}

const OBJECT_STREAM = "aced0005";
const X509_TEXT = Buffer.from("\0\u0005X.509", "latin1");
const YEAR_2100 = Date.UTC(2100, 0);

function isEntryStart(bytes: Buffer, at: number): boolean {
  const reader = openJava(bytes, at);
  const tag = reader.int();
  if (tag !== KEY && tag !== CERTIFICATE && tag !== SECRET) return false;
  // This runs at every byte of arbitrary content, so it decodes nothing and costs no more than a few comparisons.
  const alias = reader.textBytes();
  const date = reader.date();
  if (!alias?.length || date === null || date <= 0 || date > YEAR_2100) return false;
  const next = bytes.subarray(reader.position());
  if (tag === CERTIFICATE) return next.subarray(0, X509_TEXT.length).equals(X509_TEXT);
  if (tag === SECRET) return next.subarray(0, 4).toString("hex") === OBJECT_STREAM;
  const key = reader.octets();
  return key !== null && key[0] === 0x30;
}

/** Reads what Java's DataOutputStream wrote; every call returns null once the bytes have ended. */
export type JavaReader = ReturnType<typeof openJava>;

export function openJava(bytes: Buffer, start = 0) {
  let at = start;
  const take = (count: number): Buffer | null => {
    if (count < 0 || at + count > bytes.length) return null;
    at += count;
    return bytes.subarray(at - count, at);
  };
  const textBytes = (): Buffer | null => {
    const length = take(2)?.readUInt16BE(0);
    return length === undefined ? null : take(length);
  };
  return {
    position: () => at,
    byte: () => take(1)?.[0] ?? null,
    int: () => take(4)?.readInt32BE(0) ?? null,
    /** Milliseconds since 1970. */
    date: () => {
      const octets = take(8);
      return octets && Number(octets.readBigInt64BE(0));
    },
    /** Two bytes of length, and a text of that many bytes. */
    text: () => decodeText(textBytes()),
    /** The same undecoded, to test cheaply whether it may be a text. */
    textBytes,
    /** Four bytes of length, and that many bytes. */
    octets: () => {
      const length = take(4)?.readInt32BE(0);
      return length === undefined ? null : take(length);
    },
    skipTo: (position: number) => {
      at = position;
    },
  };
}

/** Java's modified UTF-8: as UTF-8, but zero in two bytes and what is beyond 16 bits as two surrogates of three each. */
function decodeText(octets: Buffer | null): string | null {
  if (!octets) return null;
  const plain = octets.toString("utf8");
  if (!plain.includes("\ufffd")) return plain;
  const units: number[] = [];
  for (let at = 0; at < octets.length; ) {
    const first = octets[at] ?? 0;
    const rest = (index: number) => (octets[at + index] ?? 0) & 0x3f;
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    units.push(
      size === 1
        ? first
        : size === 2
          ? ((first & 0x1f) << 6) | rest(1)
          : ((first & 0xf) << 12) | (rest(1) << 6) | rest(2),
    );
    at += size;
  }
  return units.map((unit) => String.fromCharCode(unit)).join("");
}
