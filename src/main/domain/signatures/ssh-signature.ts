import { createPublicKey, hash, verify } from "node:crypto";
import { decodeBase64 } from "#codec/base64.ts";
import { jwkOfBlob } from "#codec/ssh-key.ts";
import { openFields, toField } from "#codec/ssh-wire.ts";
import { type PublicKey, readKeyBlob, readPublicKeyLine, typeInCertificate } from "#domain/ssh/key-blob.ts";
import { SIGNATURE_NAMESPACE } from "#shared/model/hosts/bundle.ts";

/**
 * Signatures of files by OpenSSH (PROTOCOL.sshsig), as `ssh-keygen -Y sign` writes and `ssh-keygen -Y verify` reads
 * them: whether the key in the signature has signed these bytes. Whose key that is, callers decide.
 */

type SignatureCheck =
  | { kind: "good"; key: PublicKey }
  | { kind: "bad"; why: string }
  /** It may be valid: its algorithm is not known here. */
  | { kind: "unsupported"; why: string };

type Signature = {
  key: PublicKey;
  namespace: string;
  reserved: Uint8Array;
  hashName: string;
  signature: Uint8Array;
};

const ARMOR = /^\s*-----BEGIN SSH SIGNATURE-----\s*\n([A-Za-z0-9+/=\s]*)\n-----END SSH SIGNATURE-----\s*$/;
const MAGIC = Buffer.from("SSHSIG", "latin1");
const VERSION = 1n;

/** `expected`: the namespace that it has to have. Never throws. */
export function checkSignature(
  armored: string,
  bytes: Uint8Array,
  expected: string = SIGNATURE_NAMESPACE,
): SignatureCheck {
  const blob = decodeBase64((ARMOR.exec(armored)?.[1] ?? "").trim());
  const read = blob && blob.length > 0 ? readSignature(blob) : null;
  if (!read) return bad("the signature cannot be read; it is what ssh-keygen -Y sign wrote, to the byte");
  const { key, namespace, reserved, hashName, signature } = read;
  if (namespace !== expected)
    return bad(`the signature is for "${namespace}"; sign with ssh-keygen -Y sign -n ${expected}`);
  if (hashName !== "sha256" && hashName !== "sha512")
    return { kind: "unsupported", why: `it is made over a digest by "${hashName}"` };
  if (typeInCertificate(key.keyType) !== null)
    return { kind: "unsupported", why: "it was made with a certificate; sign with a plain key" };
  const signed = signedBytes({ namespace, reserved, hashName }, bytes);
  const touched = splitTouched(key, signed, signature);
  if (touched === "no") return bad(WRONG);
  const isSigned = touched
    ? isSignedBy(touched.key, touched.signed, touched.signature)
    : isSignedBy(key, signed, signature);
  if (isSigned === "yes") return { kind: "good", key };
  if (isSigned === "no") return bad(WRONG);
  return { kind: "unsupported", why: `signatures by a ${key.keyType} key cannot be checked here` };
}

/** What precedes the digest in the signed bytes (PROTOCOL.sshsig). */
type SignedPreamble = { namespace: string; reserved: Uint8Array | string; hashName: string };

/** The bytes that a key actually signs, for a signature of this format over these bytes. */
export function signedBytes({ namespace, reserved, hashName }: SignedPreamble, bytes: Uint8Array): Buffer {
  const digest = hash(hashName, bytes, "buffer");
  const texts = [namespace, reserved, hashName, digest].map((part) => toField(Buffer.from(part)));
  return Buffer.concat([MAGIC, ...texts]);
}

const WRONG = "the signature is not of this file: it, or the file, was changed after it was signed";

const bad = (why: string): SignatureCheck => ({ kind: "bad", why });

function readSignature(blob: Uint8Array): Signature | null {
  const fields = openFields(blob);
  if (!fields.skip(MAGIC.length) || !MAGIC.equals(blob.subarray(0, MAGIC.length))) return null;
  if (fields.number(4) !== VERSION) return null;
  const keyBlob = fields.octets();
  const namespace = fields.text();
  const reserved = fields.octets();
  const hashName = fields.text();
  const signature = fields.octets();
  if (!keyBlob || !namespace || !reserved || !hashName || !signature || !fields.isAtEnd) return null;
  const key = readKeyBlob(keyBlob);
  return key && { key, namespace, reserved, hashName, signature };
}

/**
 * For each key type of security keys: how many fields precede the application, and the type of the key that it signs
 * with.
 */
const PLAIN_TYPES: Readonly<Record<string, { keyType: string; fields: number }>> = {
  "sk-ssh-ed25519@openssh.com": { keyType: "ssh-ed25519", fields: 1 },
  "sk-ecdsa-sha2-nistp256@openssh.com": { keyType: "ecdsa-sha2-nistp256", fields: 2 },
};

const USER_WAS_PRESENT = 1;

type Plain = { key: PublicKey; signed: Uint8Array; signature: Uint8Array };

/**
 * A signature by a security key (PROTOCOL.u2f) as the plain one inside it: that one signs digests, and whether the
 * security key was touched. Null: the key is not on a security key. `no`: it was not touched, or it is no such
 * signature.
 */
function splitTouched(key: PublicKey, signed: Uint8Array, signature: Uint8Array): Plain | "no" | null {
  const plain = Object.hasOwn(PLAIN_TYPES, key.keyType) ? PLAIN_TYPES[key.keyType] : undefined;
  if (!plain) return null;
  const ofKey = openFields(key.blob);
  ofKey.octets();
  const values = Array.from({ length: plain.fields }, () => ofKey.octets() ?? new Uint8Array());
  const application = ofKey.octets();
  const fields = openFields(signature);
  const name = fields.text();
  const value = fields.octets();
  const flags = signature.subarray(fields.position, fields.position + 1);
  const rest = signature.subarray(fields.position);
  const isTouched = ((flags[0] ?? 0) & USER_WAS_PRESENT) !== 0;
  if (!application || name !== key.keyType || !value || rest.length !== FLAGS_AND_COUNTER || !isTouched)
    return "no";
  const type = toField(Buffer.from(plain.keyType, "latin1"));
  const plainKey = readKeyBlob(Buffer.concat([type, ...values.map(toField)]));
  if (!plainKey) return "no";
  return {
    key: plainKey,
    signed: Buffer.concat([hash("sha256", application, "buffer"), rest, hash("sha256", signed, "buffer")]),
    signature: Buffer.concat([type, toField(value)]),
  };
}

const FLAGS_AND_COUNTER = 5;

/** Signature names that keys of a type may use, with their digest; Ed25519 has its own. */
const SIGNATURES: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
};
/** How many bytes each of the two numbers of a signature has. */
const WIDTHS: Readonly<Record<string, number>> = {
  "ecdsa-sha2-nistp256": 32,
  "ecdsa-sha2-nistp384": 48,
  "ecdsa-sha2-nistp521": 66,
};

/** Whether a signature in SSH's wire format is the key's over the bytes. RSA with SHA-1 is not accepted. */
export function isSignedBy(
  key: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): "yes" | "no" | "unsupported" {
  const names = Object.hasOwn(SIGNATURES, key.keyType) ? SIGNATURES[key.keyType] : undefined;
  if (!names) return "unsupported";
  const fields = openFields(signature);
  const name = fields.text() ?? "";
  const value = fields.octets();
  if (!value || !Object.hasOwn(names, name)) return "no";
  const width = WIDTHS[key.keyType];
  const raw = width ? toFixedWidth(value, width) : value;
  if (!raw) return "no";
  const jwk = jwkOfBlob(key.blob, key.keyType);
  if (!jwk) return "unsupported";
  try {
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    const isValid = verify(
      names[name] ?? null,
      bytes,
      width ? { key: publicKey, dsaEncoding: "ieee-p1363" } : publicKey,
      raw,
    );
    return isValid ? "yes" : "no";
  } catch (error) {
    // OpenSSL refuses keys that it finds absurd, such as an even modulus: such a signature cannot be verified.
    if (error instanceof Error) return "unsupported";
    throw error;
  }
}

/** r and s as SSH writes them (two numbers) -> at a fixed width. */
function toFixedWidth(value: Uint8Array, width: number): Uint8Array | null {
  const fields = openFields(value);
  const integers = [fields.octets(), fields.octets()].map((number) => number && withoutZeros(number));
  const raw = new Uint8Array(2 * width);
  for (const [index, integer] of integers.entries()) {
    if (!integer || integer.length > width) return null;
    raw.set(integer, (index + 1) * width - integer.length);
  }
  return raw;
}

function withoutZeros(number: Uint8Array | null): Uint8Array {
  const start = number?.findIndex((byte) => byte !== 0) ?? -1;
  return number && start >= 0 ? number.subarray(start) : new Uint8Array();
}

/** What a signature by a host key is worth. `other`: it is valid, but by another key than the host's. */
type HostSignature =
  | { kind: "verified" }
  | { kind: "other"; fingerprint: string }
  | Exclude<SignatureCheck, { kind: "good" }>;

/**
 * Whether the host whose pinned key has this fingerprint (`SHA256:...`) has signed these bytes, in this namespace.
 * `armored` is what `ssh-keygen -Y sign` wrote. Never throws.
 */
export function verifyHostSignature(
  armored: string,
  bytes: Uint8Array,
  { pinned, namespace }: { pinned: string; namespace: string },
): HostSignature {
  const checked = checkSignature(armored, bytes, namespace);
  if (checked.kind !== "good") return checked;
  const { fingerprint } = checked.key;
  return fingerprint === pinned ? { kind: "verified" } : { kind: "other", fingerprint };
}

/** A key whose signatures count, and the name of its owner. */
type Signer = { fingerprint: string; name: string };

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const KEY_TYPE = /^(ssh-|ecdsa-|sk-)/;

/**
 * Signers, one a line: a fingerprint, a public key, or a line of ssh-keygen's allowed_signers without options.
 * `broken`: the first line that is none of these. It must not be skipped: its options may restrict a signer.
 */
export function readSigners(text: string): { signers: Signer[]; broken: number | null } {
  const signers: Signer[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    const signer = readSigner(words);
    if (!signer) return { signers, broken: index + 1 };
    signers.push(signer);
  }
  return { signers, broken: null };
}

function readSigner(words: readonly string[]): Signer | null {
  const [first = ""] = words;
  if (words.length === 1 && FINGERPRINT.test(first)) return { fingerprint: first, name: first };
  const at = words.findIndex((word) => KEY_TYPE.test(word));
  if (at < 0 || at > 1 || (at === 1 && /^cert-authority|=/.test(first))) return null;
  const read = readPublicKeyLine(words.slice(at).join(" "));
  if (!read) return null;
  const { fingerprint } = read.key;
  return { fingerprint, name: (at === 1 ? first : read.comment) || fingerprint };
}
