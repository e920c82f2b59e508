/** PKCS#8 under a passphrase (RFC 8018, PBES2): what its header says. */
import type { KeyLock, Pbes2Kdf } from "./key-lock.ts";

type Element = { tag: number; content: Buffer };

const SEQUENCE = 0x30;
const OCTETS = 0x04;
const INTEGER = 0x02;
const OID = 0x06;

/** Object identifiers, by the hex of their content. */
const PBES2 = "2a864886f70d01050d";
const PBKDF2 = "2a864886f70d01050c";
const SCRYPT = "2b06010401da47040b";
const HMAC_SHA1 = "2a864886f70d0207";
const DIGESTS = new Map([
  [HMAC_SHA1, "sha1"],
  ["2a864886f70d0208", "sha224"],
  ["2a864886f70d0209", "sha256"],
  ["2a864886f70d020a", "sha384"],
  ["2a864886f70d020b", "sha512"],
]);
const CIPHERS = new Map([
  ["608648016503040102", { name: "aes-128-cbc", keyBytes: 16, ivBytes: 16 }],
  ["608648016503040116", { name: "aes-192-cbc", keyBytes: 24, ivBytes: 16 }],
  ["60864801650304012a", { name: "aes-256-cbc", keyBytes: 32, ivBytes: 16 }],
  ["2a864886f70d0307", { name: "des-ede3-cbc", keyBytes: 24, ivBytes: 8 }],
]);

const UNKNOWN = { kind: "unknown" } as const;

/** Null: it is damaged. `unknown`: by a derivation or a cipher that is not known here. */
export function readPbes2(der: Buffer): Extract<KeyLock, { kind: "pkcs8" }> | { kind: "unknown" } | null {
  const [whole] = elementsOf(der) ?? [];
  const [algorithm, secret] = childrenOf(whole) ?? [];
  const [scheme, parameters] = childrenOf(algorithm) ?? [];
  if (!secret || secret.tag !== OCTETS || scheme?.tag !== OID) return null;
  if (hexOf(scheme) !== PBES2) return UNKNOWN;
  const [derivation, encryption] = childrenOf(parameters) ?? [];
  const [cipherOid, iv] = childrenOf(encryption) ?? [];
  if (!derivation || cipherOid?.tag !== OID) return null;
  const cipher = CIPHERS.get(hexOf(cipherOid));
  if (!cipher) return UNKNOWN;
  if (iv?.tag !== OCTETS || iv.content.length !== cipher.ivBytes) return null;
  const kdf = readKdf(derivation, cipher.keyBytes);
  if (!kdf || "kind" in kdf) return kdf;
  return { kind: "pkcs8", kdf, cipher: cipher.name, iv: iv.content, secret: secret.content };
}

function readKdf(derivation: Element, keyBytes: number): Pbes2Kdf | typeof UNKNOWN | null {
  const [oid, parameters] = childrenOf(derivation) ?? [];
  const [salt, first, ...more] = childrenOf(parameters) ?? [];
  if (oid?.tag !== OID) return null;
  const name = hexOf(oid);
  if (name !== PBKDF2 && name !== SCRYPT) return UNKNOWN;
  if (salt?.tag !== OCTETS) return null;
  if (name === PBKDF2) {
    const prf = more.find(({ tag }) => tag === SEQUENCE);
    const digestOid = prf ? childrenOf(prf)?.[0] : null;
    const digest = DIGESTS.get(digestOid ? hexOf(digestOid) : HMAC_SHA1);
    const iterations = numberOf(first);
    if (!digest) return UNKNOWN;
    return iterations ? { name: "pbkdf2", salt: salt.content, iterations, digest, keyBytes } : null;
  }
  const [N, r, p] = [first, ...more].map(numberOf);
  return N && r && p ? { name: "scrypt", salt: salt.content, N, r, p, keyBytes } : null;
}

const hexOf = ({ content }: Element): string => content.toString("hex");

/** A whole number above zero, as large as it is: infinite beyond six bytes. Null for any other. */
function numberOf(element: Element | undefined): number | null {
  const { tag, content } = element ?? {};
  if (tag !== INTEGER || !content || content.length === 0 || (content[0] ?? 0) > 0x7f) return null;
  if (content.length > 6) return Number.POSITIVE_INFINITY;
  return content.readUIntBE(0, content.length) || null;
}

const childrenOf = (parent: Element | undefined): Element[] | null =>
  parent?.tag === SEQUENCE ? elementsOf(parent.content) : null;

/** The elements of DER that stand one after another in these bytes; null where they are something else. */
function elementsOf(bytes: Buffer): Element[] | null {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    const first = bytes[at + 1] ?? 0x80;
    const width = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + width;
    if (first === 0x80 || width > 3 || start > bytes.length) return null;
    const end = start + (width === 0 ? first : bytes.readUIntBE(at + 2, width));
    if (end > bytes.length) return null;
    elements.push({ tag, content: bytes.subarray(start, end) });
    at = end;
  }
  return elements;
}
