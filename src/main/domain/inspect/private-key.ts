import { hashKey } from "#codec/fingerprint.ts";
import { decodePem, framePem, type PemBlock } from "#codec/pem.ts";
import { OPENSSH_KEY, readContainerHeader, spkiOfBlob } from "#codec/ssh-key.ts";
import { type LockedKey, readLockedPem, readLockedPkcs8 } from "#domain/keystores/locked-key.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { type PublicHalf, readPublicHalf } from "./public-half.ts";

/**
 * What is told of a private key: its public half, where that stands in the clear, and whether a passphrase protects
 * it. Nothing is decrypted here, and no passphrase is stretched: a file may ask for hours of it.
 */
export type PrivateKey = {
  isEncrypted: boolean | null;
  publicHalf: PublicHalf | null;
  problem: string | null;
  /** What keeps the public half hidden; null where it is not, or where nothing here opens it. */
  lock: LockedKey | null;
};

const PEM_LABEL = /^(?:(?:RSA|EC|DSA|ENCRYPTED|OPENSSH) )?PRIVATE KEY$/;

/** The longest that any key is; what is longer is not parsed. */
const MOST_CHARACTERS = 64 * 1024;

const unread = (problem: string, isEncrypted: boolean | null = null): PrivateKey => ({
  isEncrypted,
  publicHalf: null,
  problem,
  lock: null,
});

export const isPrivateKeyLabel = (label: string): boolean => PEM_LABEL.test(label);

export function readPrivateKeyBlock({ label, lines, problem }: PemBlock): PrivateKey {
  if (problem !== null) return unread(problem);
  const text = lines.join("\n");
  if (text.length > MOST_CHARACTERS) return unread("is too long to be a key");
  if (label === OPENSSH_KEY) return readOpenssh(decodePem(lines));
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(text);
  const pem = framePem(label, text);
  if (isEncrypted) return readLocked(label, lines, pem);
  const publicHalf = readPublicHalf(pem);
  return publicHalf
    ? { isEncrypted, publicHalf, problem: null, lock: null }
    : unread("cannot be read, or is of a kind not known here");
}

function readLocked(label: string, lines: readonly string[], pem: string): PrivateKey {
  const der = label === "ENCRYPTED PRIVATE KEY" ? decodePem(lines) : null;
  const lock = der ? readLockedPkcs8(der) : label === "ENCRYPTED PRIVATE KEY" ? null : readLockedPem(pem);
  const problem = lock ? null : "is encrypted, and its header is damaged";
  return { isEncrypted: true, publicHalf: null, problem, lock };
}

/** What is known of a key by its blob, in terms of certificates, too. */
export function toHalf(blob: Uint8Array | null): PublicHalf | null {
  const key = blob && readKeyBlob(blob);
  const spki = key && spkiOfBlob(key.blob);
  return key && { ...key, spkiSha256: spki ? hashKey(spki) : null };
}

function readOpenssh(bytes: Buffer | null): PrivateKey {
  const header = readContainerHeader(bytes);
  if (header === "other") return unread("is no OpenSSH key");
  if (!header) return unread("is cut short");
  const publicHalf = toHalf(header.blob);
  const problem = publicHalf ? null : "holds a public key that cannot be read";
  return { isEncrypted: header.cipher !== "none", publicHalf, problem, lock: null };
}

/** PuTTY's format holds the public key in the clear, after `Public-Lines: N`. */
export function readPuttyKey(text: string): (PrivateKey & { comment: string }) | null {
  if (!/^PuTTY-User-Key-File-[123]: /.test(text) || text.length > MOST_CHARACTERS) return null;
  const header = (name: string) => new RegExp(`^${name}: ([^\\r\\n]*)`, "m").exec(text)?.[1] ?? null;
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith("Public-Lines: "));
  const count = Number(header("Public-Lines") ?? 0);
  const blob = decodePem(lines.slice(start + 1, start + 1 + count));
  const publicHalf = toHalf(blob);
  return {
    lock: null,
    isEncrypted: header("Encryption") !== "none",
    publicHalf,
    problem: publicHalf ? null : "holds a public key that cannot be read",
    comment: header("Comment") ?? "",
  };
}
