import { createHmac, timingSafeEqual } from "node:crypto";
import { octetsOf, oidOf, openNode, partsOf, TAG, tagOf } from "#codec/der.ts";
import { HMACS, PBES2 } from "#codec/pbes2.ts";
import { type JavaReader, openJava, readChain } from "./jks.ts";
import { entryOf, type Keystore, type Opened, type StoreEntry, type StoreLock } from "./keystore.ts";
import {
  derivePkcs12,
  formsOf,
  MOST_WORK,
  PURPOSE,
  readDerivation,
  workOfPkcs12,
} from "./password-encryption.ts";

/**
 * Bouncy Castle's BKS, whose certificates stand in the clear, and UBER, which is a BKS that is encrypted as a whole by
 * Twofish, and is reported as locked. They have no magic number: they begin with a version, a salt and an iteration
 * count.
 */
const CERTIFICATE = 1;
const KEY = 2;
const SECRET = 3;
const SEALED = 4;
const CODE_BYTES = 20;
const SALT_BYTES = 20;
const MOST_ENTRIES = 100_000;

type Header = { version: number; salt: Buffer; iterations: number; start: number };

function readHeader(bytes: Buffer): Header | null {
  const reader = openJava(bytes);
  const version = reader.int();
  const salt = (version === 1 || version === 2) && reader.octets();
  const iterations = salt && reader.int();
  if (!version || !salt || salt.length !== SALT_BYTES || !iterations || iterations <= 0) return null;
  return { version, salt, iterations, start: reader.position() };
}

/** The store without its password; null if it is neither. */
export function readBks(bytes: Buffer): Keystore | null {
  const header = readHeader(bytes);
  if (!header) return null;
  const entries = readEntries(bytes, header);
  if (entries) return toStore(entries, header);
  // The cipher works in blocks of 16 bytes.
  const isSealed = bytes.length > header.start && (bytes.length - header.start) % 16 === 0;
  return isSealed ? UBER : null;
}

const UBER: Keystore = {
  format: "UBER",
  state: "locked",
  entries: [],
  malformed: [],
  integrity: "not-checked",
  protection: "Twofish over the whole store",
  lock: {
    canBeOpened: false,
    why: "it is encrypted by Twofish, which is not known here: list it with keytool and Bouncy Castle's provider",
    work: 0,
  },
};

function toStore(entries: StoreEntry[], { iterations }: Header): Keystore {
  const hasKeys = entries.some(({ isLocked }) => isLocked);
  return {
    format: "BKS",
    entries,
    malformed: [],
    integrity: "not-checked",
    state: hasKeys ? "partly-locked" : "open",
    protection: hasKeys ? "keys by 3DES; certificates are not encrypted" : "nothing in it is encrypted",
    lock: lockOf(iterations),
  };
}

const lockOf = (iterations: number): StoreLock => {
  const work = workOfPkcs12(iterations);
  return work > MOST_WORK
    ? { canBeOpened: false, why: "it makes its password too costly to try here", work }
    : {
        canBeOpened: true,
        why: "its certificates are read without the password, which alone shows whether they are unchanged",
        work,
      };
};

/** Null if the bytes are no row of entries with a zero at its end: then they are encrypted, or no store. */
function readEntries(bytes: Buffer, { start }: Header): StoreEntry[] | null {
  const reader = openJava(bytes, start);
  const entries: StoreEntry[] = [];
  for (let type = reader.byte(); type !== 0; type = reader.byte()) {
    const entry = type === null || entries.length === MOST_ENTRIES ? null : readEntry(reader, type);
    if (!entry) return null;
    entries.push(entry);
  }
  return reader.position() === bytes.length - CODE_BYTES ? entries : null;
}

function readEntry(reader: JavaReader, type: number): StoreEntry | null {
  const alias = reader.text();
  const chain = alias !== null && reader.date() !== null ? readChain(reader, 2) : null;
  if (alias === null || !chain) return null;
  switch (type) {
    case CERTIFICATE: {
      const der = reader.text() === null ? null : reader.octets();
      return der && entryOf("certificate", { alias, certificates: [der] });
    }
    case KEY: {
      const isThere = reader.byte() !== null && reader.text() !== null && reader.text() !== null;
      return isThere && reader.octets()
        ? entryOf("key", { alias, certificates: chain, isLocked: true })
        : null;
    }
    case SECRET:
    case SEALED:
      return reader.octets()
        ? entryOf(chain.length > 0 ? "key" : "secret", { alias, certificates: chain, isLocked: true })
        : null;
    default:
      return null;
  }
}

/** Checks the code at the end, whose key is derived as PKCS#12 does it. Private keys stay encrypted. */
export function openBks(bytes: Buffer, password: string): Opened {
  const header = readHeader(bytes);
  const store = readBks(bytes);
  if (!header || store?.format !== "BKS" || !isRight(bytes, header, password))
    return { kind: "wrong-password" };
  return { kind: "opened", store: { ...store, integrity: "checked", lock: null } };
}

/** Version 1 counted the bytes of its key as bits, so that it has two. */
function isRight(bytes: Buffer, { version, salt, iterations, start }: Header, password: string): boolean {
  const keyBytes = version === 1 ? 2 : CODE_BYTES;
  const end = bytes.length - CODE_BYTES;
  const parameters = { digest: "sha1", salt, iterations, purpose: PURPOSE.mac };
  return formsOf(password).some(({ wide }) => {
    const code = createHmac("sha1", derivePkcs12(parameters, wide, keyBytes)).update(
      bytes.subarray(start, end),
    );
    return timingSafeEqual(code.digest(), bytes.subarray(end));
  });
}

/**
 * Bouncy Castle's BCFKS: ObjectStore { { algorithm, encrypted content }, { HMAC, derivation, code } }. It is encrypted
 * as a whole, by AES in modes that other keystores do not use, so it is reported as locked. Null if it is none.
 */
export function readBcfks(bytes: Buffer): Keystore | null {
  const store = openNode(bytes);
  const [data, check] = partsOf(store);
  const [algorithm, content] = partsOf(data);
  const [hmac, derivation, code] = partsOf(check);
  const [scheme, parameters] = partsOf(algorithm);
  if (store?.element.tag !== TAG.sequence || store.element.end !== bytes.length) return null;
  if (tagOf(data) !== TAG.sequence || oidOf(scheme) !== PBES2 || !octetsOf(content)) return null;
  const isSigned = tagOf(check) === 0xa0;
  if (!isSigned && (!HMACS.has(oidOf(partsOf(hmac)[0]) ?? "") || !octetsOf(code))) return null;
  const kdf = readDerivation(partsOf(parameters)[0]) ?? readDerivation(derivation);
  return {
    format: "BCFKS",
    state: "locked",
    entries: [],
    malformed: [],
    integrity: "not-checked",
    protection: kdf ? `AES over the whole store by ${kdf.words}` : "AES over the whole store",
    lock: {
      canBeOpened: false,
      why: "it is encrypted as a whole in a way that is not known here: list it with keytool and Bouncy Castle's provider",
      work: 0,
    },
  };
}
