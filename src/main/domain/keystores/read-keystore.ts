import { toDefinite } from "#codec/ber.ts";
import { type Node, oidOf, openNode, partsOf, TAG, tagOf, viewOf, wholeOf } from "#codec/der.ts";
import { openBks, readBcfks, readBks } from "./bouncy-castle.ts";
import { openJks, readJks } from "./jks.ts";
import { entryOf, type Keystore, type Opened } from "./keystore.ts";
import { describePkcs12, openPkcs12, readPkcs12 } from "./pkcs12.ts";

/**
 * Reads a store of any known format, as far as that works without a password. Derives no key, takes time in proportion
 * to the size and never throws. Null if the bytes are no store.
 */
export function readKeystore(source: Uint8Array): Keystore | null {
  const bytes = viewOf(source);
  const pkcs12 = readPkcs12(bytes);
  return (
    (pkcs12 && describePkcs12(pkcs12)) ??
    readPkcs7(bytes) ??
    readBcfks(bytes) ??
    readJks(bytes) ??
    readBks(bytes)
  );
}

/**
 * Tries a password, for as long as the file demands: check `lock.work` first, and call this where it can be stopped.
 * Null if the bytes are no store that a password opens here.
 */
export function openKeystore(source: Uint8Array, password: string): Opened | null {
  const bytes = viewOf(source);
  const pkcs12 = readPkcs12(bytes);
  if (pkcs12) return openPkcs12(pkcs12, password);
  const store = readJks(bytes) ?? readBks(bytes);
  switch (store?.format) {
    case "JKS":
    case "JCEKS":
      return openJks(bytes, password);
    case "BKS":
      return openBks(bytes, password);
    default:
      return null;
  }
}

/**
 * Passwords that protect nothing, because everybody knows them: Java's own (changeit), those of application servers and
 * appliances, and those of examples that were copied. The likeliest first.
 */
export const DEFAULT_PASSWORDS = ["", "changeit", "changeme", "password", "secret", "123456"] as const;

/** Limit for all of them together, in iterations of PBKDF2: about half a second. */
const MOST_WORK = 2_000_000;

/**
 * Tries the default passwords on a store that somebody opened here, or that a scan found; never anywhere else. Null if
 * none fits, if no password is needed, and if trying would cost too much.
 */
export function findDefaultPassword(bytes: Uint8Array): { password: string; store: Keystore } | null {
  const lock = readKeystore(bytes)?.lock;
  if (!lock?.canBeOpened || lock.work * DEFAULT_PASSWORDS.length > MOST_WORK) return null;
  for (const password of DEFAULT_PASSWORDS) {
    const opened = openKeystore(bytes, password);
    if (opened?.kind === "opened") return { password, store: opened.store };
  }
  return null;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const ENCRYPTED = new Map([
  ["1.2.840.113549.1.7.3", "it is encrypted for somebody's key (EnvelopedData)"],
  ["1.2.840.113549.1.7.6", "it is encrypted under a password (EncryptedData)"],
]);

const MOST_CERTIFICATES = 10_000;
const CERTIFICATES = 0xa0;
const REVOCATIONS = 0xa1;

/**
 * The certificates that a PKCS#7 or CMS message contains (RFC 5652, section 5.1): certificates without a signature, or
 * those beside one. Signatures are not verified. Null if it is no such message.
 */
function readPkcs7(source: Buffer): Keystore | null {
  const outer = openNode(toDefinite(source) ?? source);
  const [type, wrapped] = partsOf(outer);
  const oid = oidOf(type);
  if (outer?.element.tag !== TAG.sequence || oid === null || tagOf(wrapped) !== 0xa0) return null;
  const why = ENCRYPTED.get(oid);
  if (why) return { ...toStore([]), state: "locked", lock: { canBeOpened: false, why, work: 0 } };
  if (oid !== SIGNED_DATA) return null;
  const [version, digests, , ...rest] = partsOf(partsOf(wrapped)[0]);
  if (tagOf(version) !== TAG.integer || tagOf(digests) !== TAG.set) return null;
  const certificates = partsOf(rest.find((part) => tagOf(part) === CERTIFICATES));
  const lists = partsOf(rest.find((part) => tagOf(part) === REVOCATIONS));
  const store = toStore(certificates.slice(0, MOST_CERTIFICATES));
  store.entries.push(...lists.map(() => entryOf("crl")));
  if (certificates.length > MOST_CERTIFICATES)
    store.malformed.push(
      `of its ${certificates.length} certificates the first ${MOST_CERTIFICATES} are read`,
    );
  return store;
}

/** Attribute certificates and others of another kind stand in the same list, under tags of their own. */
const toStore = (certificates: readonly Node[]): Keystore => ({
  format: "PKCS#7",
  state: "open",
  protection: "",
  integrity: "none",
  lock: null,
  malformed: [],
  entries: certificates.map((part) =>
    tagOf(part) === TAG.sequence
      ? entryOf("certificate", { certificates: [wholeOf(part)] })
      : entryOf("other"),
  ),
});
