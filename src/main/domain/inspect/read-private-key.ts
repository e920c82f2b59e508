import { createPrivateKey, createPublicKey, type KeyObject, type PublicKeyInput } from "node:crypto";
import { hashKey } from "#codec/fingerprint.ts";
import { decodePem, framePem, type PemBlock } from "#codec/pem.ts";
import { blobOfJwk, OPENSSH_KEY, readContainerHeader, spkiOfBlob } from "#codec/ssh-key.ts";
import { type LockedKey, readLockedPem, readLockedPkcs8 } from "#domain/keystores/locked-key.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";

/**
 * What is known of a private key: its public key, if that is in the clear, and whether a passphrase protects it.
 * Nothing is decrypted here, and no passphrase is derived: a file may demand hours of it.
 */
export type PrivateKey = {
  isEncrypted: boolean | null;
  publicKey: PublicKeyFacts | null;
  problem: string | null;
  /** What keeps the public key hidden; null if it is not hidden, or if nothing here opens it. */
  lock: LockedKey | null;
};

const PEM_LABEL = /^(?:(?:RSA|EC|DSA|ENCRYPTED|OPENSSH) )?PRIVATE KEY$/;

/** The longest that any key is; what is longer is not parsed. */
const MOST_CHARACTERS = 64 * 1024;

const unreadable = (problem: string, isEncrypted: boolean | null = null): PrivateKey => ({
  isEncrypted,
  publicKey: null,
  problem,
  lock: null,
});

export const isPrivateKeyLabel = (label: string): boolean => PEM_LABEL.test(label);

export function readPrivateKeyBlock({ label, lines, problem }: PemBlock): PrivateKey {
  if (problem !== null) return unreadable(problem);
  const text = lines.join("\n");
  if (text.length > MOST_CHARACTERS) return unreadable("is too long to be a key");
  if (label === OPENSSH_KEY) return readOpenssh(decodePem(lines));
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(text);
  const pem = framePem(label, text);
  if (isEncrypted) return readLocked(label, lines, pem);
  const publicKey = readPublicKey(pem);
  return publicKey
    ? { isEncrypted, publicKey, problem: null, lock: null }
    : unreadable("cannot be read, or is of a kind not known here");
}

function readLocked(label: string, lines: readonly string[], pem: string): PrivateKey {
  const der = label === "ENCRYPTED PRIVATE KEY" ? decodePem(lines) : null;
  const lock = der ? readLockedPkcs8(der) : label === "ENCRYPTED PRIVATE KEY" ? null : readLockedPem(pem);
  const problem = lock ? null : "is encrypted, and its header is damaged";
  return { isEncrypted: true, publicKey: null, problem, lock };
}

/** What is known of a key from its blob, with the hash that certificates identify it by. */
export function toKeyFacts(blob: Uint8Array | null): PublicKeyFacts | null {
  const key = blob && readKeyBlob(blob);
  const spki = key && spkiOfBlob(key.blob);
  return key && { ...key, spkiSha256: spki ? hashKey(spki) : null };
}

function readOpenssh(bytes: Buffer | null): PrivateKey {
  const header = readContainerHeader(bytes);
  if (header === "other") return unreadable("is no OpenSSH key");
  if (!header) return unreadable("is cut short");
  const publicKey = toKeyFacts(header.blob);
  const problem = publicKey ? null : "holds a public key that cannot be read";
  return { isEncrypted: header.cipher !== "none", publicKey, problem, lock: null };
}

/** PuTTY's format holds the public key in the clear, after `Public-Lines: N`. */
export function readPuttyKey(text: string): (PrivateKey & { comment: string }) | null {
  if (!/^PuTTY-User-Key-File-[123]: /.test(text) || text.length > MOST_CHARACTERS) return null;
  const header = (name: string) => new RegExp(`^${name}: ([^\\r\\n]*)`, "m").exec(text)?.[1] ?? null;
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith("Public-Lines: "));
  const count = Number(header("Public-Lines") ?? 0);
  const blob = decodePem(lines.slice(start + 1, start + 1 + count));
  const publicKey = toKeyFacts(blob);
  return {
    lock: null,
    isEncrypted: header("Encryption") !== "none",
    publicKey,
    problem: publicKey ? null : "holds a public key that cannot be read",
    comment: header("Comment") ?? "",
  };
}

/** A public key, as SSH writes it if SSH has its kind. `spkiSha256`: the hash that certificates identify it by. */
export type PublicKeyFacts = {
  keyType: string;
  keyBits: number | null;
  fingerprint: string | null;
  spkiSha256: string | null;
};

/** The public key of an unencrypted key, from PEM or DER; null if this runtime cannot read it. */
export function readPublicKey(key: Buffer | string | KeyObject | PublicKeyInput): PublicKeyFacts | null {
  try {
    return toPublicKeyFacts(createPublicKey(key));
  } catch {
    return null;
  }
}

/** A key in DER: SubjectPublicKeyInfo, or the public key of a PKCS#8 that is not encrypted; null for neither. */
export function readDerKey(der: Buffer): { what: "public-key" | "private-key"; key: PublicKeyFacts } | null {
  const open = readPublicKey({ key: der, format: "der", type: "spki" });
  if (open) return { what: "public-key", key: open };
  try {
    return { what: "private-key", key: toPublicKeyFacts(createPublicKey(readPrivate(der))) };
  } catch {
    return null;
  }
}

/** A key in DER has no label that says how it is written: as PKCS#8, or in the format of RSA or EC. */
function readPrivate(der: Buffer): KeyObject {
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    try {
      return createPrivateKey({ key: der, format: "der", type });
    } catch {
      // Try the next format.
    }
  }
  throw new Error("this is no private key");
}

export function toPublicKeyFacts(key: KeyObject): PublicKeyFacts {
  const blob = toBlob(key);
  const known = blob && readKeyBlob(blob);
  const spkiSha256 = hashSpki(key);
  if (known) return { ...known, spkiSha256 };
  const { modulusLength = null, namedCurve } = key.asymmetricKeyDetails ?? {};
  const keyType = [key.asymmetricKeyType, namedCurve].filter((word) => word !== undefined).join(" ");
  return { keyType: keyType || "unknown", keyBits: modulusLength, fingerprint: null, spkiSha256 };
}

/** The blob of a kind that both node:crypto and SSH know; null for any other. */
function toBlob(key: KeyObject): Buffer | null {
  try {
    return blobOfJwk(key.export({ format: "jwk" }));
  } catch {
    // JSON Web Keys do not have every kind and curve: export throws for the others.
    return null;
  }
}

/**
 * The hash that matches a private key with certificates: SHA-256 of its SubjectPublicKeyInfo, lower-case hex. The key
 * itself is not kept. Null: this runtime does not know its kind, or it is no key.
 */
export function hashPublicKey(pkcs8: Buffer): string | null {
  try {
    return hashSpki(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  } catch {
    return null;
  }
}

export function hashSpki(key: KeyObject): string | null {
  try {
    const publicKey = key.type === "private" ? createPublicKey(key) : key;
    return hashKey(publicKey.export({ format: "der", type: "spki" }));
  } catch {
    return null;
  }
}
