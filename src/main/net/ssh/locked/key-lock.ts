/**
 * How a private key is locked: what its header says of the way from a passphrase to the key.
 *
 * The file decides how much work that is, and may ask for years of it. So the cost is read first, and where it is
 * above what is done here, or the way is not known here, that is said without deriving anything.
 */
import { getCiphers } from "node:crypto";
import { readContainer } from "#codec/openssh-key.ts";
import { openFields } from "#codec/ssh-wire.ts";
import { sayNumber } from "#shared/text/count.ts";
import { readPbes2 } from "./pbes2.ts";

/** All that it takes to open a private key, but for the passphrase. Plain data, to be handed to a worker. */
export type KeyLock =
  | {
      kind: "openssh";
      cipher: OpensshCipher;
      salt: Uint8Array;
      rounds: number;
      blob: Uint8Array;
      secret: Uint8Array;
      tag: Uint8Array;
    }
  /** OpenSSL's old format: one MD5, whatever the passphrase. */
  | { kind: "pem"; text: string }
  | { kind: "pkcs8"; kdf: Pbes2Kdf; cipher: string; iv: Uint8Array; secret: Uint8Array };

export type Pbes2Kdf =
  | { name: "pbkdf2"; salt: Uint8Array; iterations: number; digest: string; keyBytes: number }
  | { name: "scrypt"; salt: Uint8Array; N: number; r: number; p: number; keyBytes: number };

export type OpensshCipher = { name: string; keyBytes: number; ivBytes: number; tagBytes: number };

/** The work that is done for a key file at most. ssh-keygen asks for 24 rounds, OpenSSL for 2,048 iterations. */
export const MOST_COST = {
  bcryptRounds: 1_000,
  pbkdf2Iterations: 10_000_000,
  scryptN: 2 ** 20,
  scryptBytes: 256 * 1024 * 1024,
  scryptLanes: 16,
} as const;

const cipher = (name: string, keyBytes: number, ivBytes: number, tagBytes = 0): OpensshCipher => ({
  name,
  keyBytes,
  ivBytes,
  tagBytes,
});

/** OpenSSH's ciphers, as node:crypto calls them. */
const OPENSSH_CIPHERS = new Map<string, OpensshCipher>([
  ["aes128-ctr", cipher("aes-128-ctr", 16, 16)],
  ["aes192-ctr", cipher("aes-192-ctr", 24, 16)],
  ["aes256-ctr", cipher("aes-256-ctr", 32, 16)],
  ["aes128-cbc", cipher("aes-128-cbc", 16, 16)],
  ["aes192-cbc", cipher("aes-192-cbc", 24, 16)],
  ["aes256-cbc", cipher("aes-256-cbc", 32, 16)],
  ["3des-cbc", cipher("des-ede3-cbc", 24, 8)],
  ["aes128-gcm@openssh.com", cipher("aes-128-gcm", 16, 12, 16)],
  ["aes256-gcm@openssh.com", cipher("aes-256-gcm", 32, 12, 16)],
  ["chacha20-poly1305@openssh.com", cipher("chacha20", 64, 0, 16)],
]);

const PEM_CIPHERS = /^DEK-Info: *(AES-(?:128|192|256)-CBC|DES-EDE3-CBC),[0-9A-F]+\r?$/im;
const PKCS8_BLOCK =
  /-----BEGIN ENCRYPTED PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\s]+)\r?\n-----END ENCRYPTED PRIVATE KEY-----/;

const DAMAGED = { why: "it is damaged: its header cannot be read" };
const UNKNOWN = {
  why: "it is locked in a way that is not known here: load it into ssh-agent with ssh-add, or write it anew with ssh-keygen -p",
};

/** The lock on a private key that has a passphrase, or why it is not opened here. Takes no time, whatever it asks for. */
export function readKeyLock(text: string): KeyLock | { why: string } {
  if (text.includes("-----BEGIN OPENSSH PRIVATE KEY-----")) return readOpensshLock(text);
  const pkcs8 = PKCS8_BLOCK.exec(text)?.[1];
  if (pkcs8) return judgePbes2(readPbes2(Buffer.from(pkcs8, "base64")));
  return PEM_CIPHERS.test(text) ? { kind: "pem", text } : UNKNOWN;
}

function readOpensshLock(text: string): KeyLock | { why: string } {
  const container = readContainer(text);
  if (!container) return DAMAGED;
  const { kdf, kdfOptions, blob, secret, tag } = container;
  const known = OPENSSH_CIPHERS.get(container.cipher);
  if (kdf !== "bcrypt" || !known || !isAvailable(known.name)) return UNKNOWN;
  const options = openFields(kdfOptions);
  const salt = options.octets();
  const rounds = Number(options.number(4) ?? 0);
  if (!options.isAtEnd || tag.length !== known.tagBytes) return DAMAGED;
  if (rounds === 0 || !salt?.length) return DAMAGED;
  if (rounds > MOST_COST.bcryptRounds) return tooMuch(rounds, "rounds of bcrypt", MOST_COST.bcryptRounds);
  return { kind: "openssh", cipher: known, salt, rounds, blob, secret, tag };
}

function judgePbes2(lock: ReturnType<typeof readPbes2>): KeyLock | { why: string } {
  if (!lock) return DAMAGED;
  if (lock.kind === "unknown" || !isAvailable(lock.cipher)) return UNKNOWN;
  const { kdf } = lock;
  if (kdf.name === "pbkdf2") {
    const most = MOST_COST.pbkdf2Iterations;
    if (kdf.iterations > most) return tooMuch(kdf.iterations, "iterations of PBKDF2", most);
    return lock;
  }
  const bytes = 128 * kdf.N * kdf.r;
  if (kdf.N > MOST_COST.scryptN) return tooMuch(kdf.N, "as the N of scrypt", MOST_COST.scryptN);
  if (bytes > MOST_COST.scryptBytes)
    return tooMuch(bytes, "bytes of memory by scrypt", MOST_COST.scryptBytes);
  if (kdf.p > MOST_COST.scryptLanes) return tooMuch(kdf.p, "as the p of scrypt", MOST_COST.scryptLanes);
  return lock;
}

/** Electron's crypto knows fewer ciphers than Node's. */
const isAvailable = (name: string): boolean => getCiphers().includes(name);

const tooMuch = (asked: number, what: string, most: number) => ({
  why: `its passphrase is made so costly to try (${sayNumber(asked)} ${what}) that it is not opened here, where at most ${sayNumber(most)} are taken: load it into ssh-agent with ssh-add, or write it anew with ssh-keygen -p`,
});
