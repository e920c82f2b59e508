import { toDefinite } from "#codec/ber.ts";
import { type Node, oidOf, openNode, partsOf, TAG, tagOf, wholeOf } from "#codec/der.ts";
import { entryOf, type Keystore } from "./keystore.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const ENCRYPTED = new Map([
  ["1.2.840.113549.1.7.3", "it is encrypted for somebody's key (EnvelopedData)"],
  ["1.2.840.113549.1.7.6", "it is encrypted under a password (EncryptedData)"],
]);

const MOST_CERTIFICATES = 10_000;
const CERTIFICATES = 0xa0;
const REVOCATIONS = 0xa1;

/**
 * The certificates that a PKCS#7 or CMS message carries (RFC 5652, section 5.1): a bag of them without a signature, or
 * those beside one. Signatures are not checked. Null where it is no such message.
 */
export function readPkcs7(given: Buffer): Keystore | null {
  const outer = openNode(toDefinite(given) ?? given);
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

/** Attribute certificates and others of another kind stand in the same place, under tags of their own. */
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
