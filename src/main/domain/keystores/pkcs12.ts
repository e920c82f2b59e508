import { createHmac, timingSafeEqual } from "node:crypto";
import { toDefinite } from "#codec/ber.ts";
import { type Node, numberOf, octetsOf, oidOf, openNode, partsOf, TAG } from "#codec/der.ts";
import { HMACS, hasDigest } from "#codec/pbes2.ts";
import { hashPublicKey } from "#domain/inspect/read-private-key.ts";
import { type Keystore, type Opened, type StoreLock, stateOf } from "./keystore.ts";
import {
  derivePkcs12,
  type Encryption,
  formatIterations,
  formsOf,
  MOST_WORK,
  type Password,
  PURPOSE,
  readDerivation,
  readSealed,
  workOfPkcs12,
} from "./password-encryption.ts";
import { type Bag, formatMisfits, layTogether, type OpenKey, readBags } from "./pkcs12-bags.ts";

/**
 * PKCS#12 (RFC 7292, and RFC 9579 for PBMAC1). A file has parts: some in the clear, some under a password; keys have a
 * password of their own as well. A MAC over all parts, if there is one, distinguishes a right password from a wrong
 * one.
 */
export type Pkcs12 = {
  /** SafeContents in the clear. */
  plain: Bag[];
  sealed: { encryption: Encryption; secret: Buffer }[];
  mac: Mac | null;
  malformed: string[];
};

type Mac =
  | { isKnown: true; words: string; work: number; isRight(password: Password): boolean }
  | { isKnown: false; words: string };

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const PBMAC1 = "1.2.840.113549.1.5.14";
/** The longest key that any HMAC takes whole. */
const MOST_KEY_BYTES = 128;
const DIGESTS = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["1.2.840.113549.2.5", "md5"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
  ["2.16.840.1.101.3.4.2.4", "sha224"],
  ["2.16.840.1.101.3.4.2.5", "sha512-224"],
  ["2.16.840.1.101.3.4.2.6", "sha512-256"],
]);

/** What a file shows without a password; null if it is no PKCS#12. */
export function readPkcs12(file: Buffer): Pkcs12 | null {
  const outer = openNode(toDefinite(file) ?? file);
  const [version, authSafe, macData] = partsOf(outer);
  const [type, wrapped] = partsOf(authSafe);
  if (outer?.element.tag !== TAG.sequence || numberOf(version) !== 3 || oidOf(type) === null) return null;
  const read: Pkcs12 = { plain: [], sealed: [], mac: null, malformed: [] };
  const content = oidOf(type) === DATA ? octetsOf(partsOf(wrapped)[0]) : null;
  if (!content) {
    read.malformed.push("it is protected by a key instead of a password, which is not read here");
    return read;
  }
  if (macData) read.mac = readMac(macData, content);
  const parts = partsOf(openNode(toDefinite(content) ?? content));
  for (const [index, part] of parts.entries()) readPart(part, `part ${index + 1} of ${parts.length}`, read);
  return read;
}

function readPart(part: Node, label: string, read: Pkcs12): void {
  const [type, wrapped] = partsOf(part);
  const [content] = partsOf(wrapped);
  const oid = oidOf(type);
  if (oid === DATA) {
    const octets = octetsOf(content);
    const bags = octets && readBags(octets);
    if (bags) read.plain.push(...bags);
    else read.malformed.push(`${label} cannot be read`);
  } else if (oid === ENCRYPTED_DATA) {
    const [, info] = partsOf(content);
    const [, algorithm, secret] = partsOf(info);
    const sealed = readSealed(algorithm, secret);
    if (sealed) read.sealed.push(sealed);
    else read.malformed.push(`${label} is encrypted, and cannot be read: its header is damaged`);
  } else read.malformed.push(`${label} is encrypted for a key, which is not read here`);
}

/** MacData: { DigestInfo { algorithm, digest }, salt, iterations DEFAULT 1 }. PBMAC1 stands in the algorithm. */
function readMac(macData: Node, content: Buffer): Mac | null {
  const [info, salt, count] = partsOf(macData);
  const [algorithm, digest] = partsOf(info);
  const [id, parameters] = partsOf(algorithm);
  const expected = octetsOf(digest);
  const oid = oidOf(id);
  if (!expected || oid === null) return null;
  const isSame = (code: Buffer) => code.length === expected.length && timingSafeEqual(code, expected);
  if (oid === PBMAC1) return readPbmac1(parameters, content, isSame);
  const name = DIGESTS.get(oid);
  const octets = octetsOf(salt);
  const iterations = count ? numberOf(count) : 1;
  if (!name || !hasDigest(name)) return { isKnown: false, words: `a code by ${oid}` };
  if (!octets || !iterations) return null;
  const derivation = { digest: name, salt: octets, iterations, purpose: PURPOSE.mac };
  return {
    isKnown: true,
    words: `HMAC-${name.toUpperCase()}, ${formatIterations(iterations)}`,
    work: workOfPkcs12(iterations),
    isRight: ({ wide }) =>
      isSame(
        createHmac(name, derivePkcs12(derivation, wide, expected.length))
          .update(content)
          .digest(),
      ),
  };
}

/** RFC 9579: the derivation gives the length of the key, and the algorithm gives the HMAC. */
function readPbmac1(
  parameters: Node | undefined,
  content: Buffer,
  isSame: (code: Buffer) => boolean,
): Mac | null {
  const [kdf, scheme] = partsOf(parameters);
  const derivation = readDerivation(kdf);
  const digest = HMACS.get(oidOf(partsOf(scheme)[0]) ?? "");
  const [, ...numbers] = partsOf(partsOf(kdf)[1]);
  const keyBytes = numberOf(numbers[1]);
  if (!derivation) return null;
  // Each further block of the key costs all iterations again, which `work` does not count.
  const isLong = (keyBytes ?? 0) > MOST_KEY_BYTES;
  if (!derivation.isKnown || !digest || !hasDigest(digest) || isLong)
    return { isKnown: false, words: "PBMAC1 of a kind not known here" };
  if (!keyBytes) return null;
  return {
    isKnown: true,
    words: `PBMAC1, HMAC-${digest.toUpperCase()} by ${derivation.words}`,
    work: derivation.work,
    isRight: ({ plain }) =>
      isSame(createHmac(digest, derivation.derive(plain, keyBytes)).update(content).digest()),
  };
}

/** The store as it stands without a password. */
export function describePkcs12(read: Pkcs12): Keystore {
  const keys = read.plain.flatMap((bag) => toShutKey(bag));
  const entries = layTogether(read.plain, keys);
  const state = stateOf(entries, read.sealed.length);
  return {
    format: "PKCS#12",
    state,
    protection: formatProtection(read),
    entries,
    integrity: read.mac ? "not-checked" : "none",
    lock: findLock(read),
    malformed: [...read.malformed, ...formatDamage(read), ...formatMisfits(entries)],
  };
}

const formatDamage = ({ plain }: Pkcs12): string[] =>
  plain.some((bag) => bag.kind === "shrouded-key" && !bag.encryption)
    ? ["a private key's header is damaged: how it is encrypted cannot be read"]
    : [];

function toShutKey(bag: Bag): OpenKey[] {
  const { alias, keyId } = bag;
  if (bag.kind === "shrouded-key") return [{ alias, keyId, isLocked: true, spkiSha256: null }];
  if (bag.kind !== "key") return [];
  return [{ alias, keyId, isLocked: false, spkiSha256: hashPublicKey(bag.pkcs8) }];
}

const encryptionsOf = ({ plain, sealed }: Pkcs12): Encryption[] => [
  ...sealed.map(({ encryption }) => encryption),
  ...plain.flatMap((bag) => (bag.kind === "shrouded-key" && bag.encryption ? [bag.encryption] : [])),
];

function formatProtection(read: Pkcs12): string {
  const words = new Set(encryptionsOf(read).map((encryption) => encryption.words));
  const shown = [...words].slice(0, 3).join("; ");
  return [shown, read.mac ? `${shown ? "" : "not encrypted; "}integrity by ${read.mac.words}` : ""]
    .filter(Boolean)
    .join("; ");
}

/** Null if a password would neither open nor check anything. */
function findLock(read: Pkcs12): StoreLock | null {
  const encryptions = encryptionsOf(read);
  const parts = [...encryptions, ...(read.mac ? [read.mac] : [])];
  const work = parts.reduce((sum, part) => sum + (part.isKnown ? part.work : 0), 0);
  if (parts.every(({ isKnown }) => !isKnown)) {
    const [first] = encryptions;
    return first
      ? { canBeOpened: false, why: `it is locked by ${first.words}, which is not known here`, work }
      : null;
  }
  if (work > MOST_WORK)
    return {
      canBeOpened: false,
      why: `it makes each password so costly to try (${formatProtection(read)}) that it is not opened here`,
      work,
    };
  return { canBeOpened: true, why: "it needs its password", work };
}

/**
 * Decrypts what is locked. The password is right if the MAC of the file says so; without a MAC, if all parts make
 * sense.
 */
export function openPkcs12(read: Pkcs12, typed: string): Opened {
  for (const password of formsOf(typed)) {
    const opened = openWith(read, password);
    if (opened.kind === "opened") return opened;
  }
  return { kind: "wrong-password" };
}

function openWith(read: Pkcs12, password: Password): Opened {
  const isVerified = read.mac?.isKnown === true && read.mac.isRight(password);
  if (read.mac?.isKnown && !isVerified) return { kind: "wrong-password" };
  const bags = [...read.plain];
  const malformed = [...read.malformed];
  let hidden = 0;
  for (const { encryption, secret } of read.sealed) {
    const plain = encryption.isKnown ? encryption.decrypt(password, secret) : null;
    const opened = plain && readBags(plain);
    if (opened) bags.push(...opened);
    else if (!isVerified && encryption.isKnown) return { kind: "wrong-password" };
    else {
      hidden++;
      malformed.push(
        encryption.isKnown
          ? "a part cannot be decrypted: it is damaged"
          : `a part is locked by ${encryption.words}, which is not known here`,
      );
    }
  }
  const keys = bags.flatMap((bag) =>
    bag.kind === "shrouded-key" ? [openKey(bag, password)] : toShutKey(bag),
  );
  const isKeyWrong =
    !isVerified && read.sealed.length === 0 && keys.length > 0 && keys.every(({ isLocked }) => isLocked);
  if (isKeyWrong) return { kind: "wrong-password" };
  const entries = layTogether(bags, keys);
  return {
    kind: "opened",
    store: {
      format: "PKCS#12",
      state: stateOf(entries, hidden),
      protection: formatProtection(read),
      entries,
      lock: null,
      integrity: isVerified ? "checked" : read.mac ? "not-checked" : "none",
      malformed: [...malformed, ...formatMisfits(entries)],
    },
  };
}

/** A key may be under another password than the store. */
function openKey(bag: Extract<Bag, { kind: "shrouded-key" }>, password: Password): OpenKey {
  const { alias, keyId, encryption, secret } = bag;
  const plain = encryption?.isKnown ? encryption.decrypt(password, secret) : null;
  const isKey = plain !== null && openNode(plain)?.element.end === plain.length;
  return { alias, keyId, isLocked: !isKey, spkiSha256: isKey ? hashPublicKey(plain) : null };
}
