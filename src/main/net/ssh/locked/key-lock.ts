/**
 * How a private key is locked: what its header says about deriving the key from a passphrase.
 *
 * The file decides how much work that is, and may demand years of it. So the cost is read first. If it is above our
 * limit, or the derivation is unknown, this says so without deriving anything.
 */

import { getCiphers } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { oidOf, partsOf } from "#codec/der.ts";
import {
  type Cipher,
  type Kdf,
  MOST_SCRYPT_BYTES,
  PBES2,
  readEncryptedKey,
  readPbes2,
} from "#codec/pbes2.ts";
import { decodePem, findPemBlocks } from "#codec/pem.ts";
import { OPENSSH_KEY, readContainer } from "#codec/ssh-key.ts";
import { openFields } from "#codec/ssh-wire.ts";
import { Redacted } from "#shared/model/secret.ts";
import { formatNumber } from "#shared/text/count.ts";

/** All that it takes to open a private key, except the passphrase. Plain data, to be passed to a worker. */
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
  | { kind: "pkcs8"; kdf: Kdf; cipher: Cipher; iv: Uint8Array; secret: Uint8Array };

type OpensshCipher = { name: string; keyBytes: number; ivBytes: number; tagBytes: number };

/** The most work that we do for a key file. ssh-keygen uses 24 rounds, OpenSSL 2,048 iterations. */
const MOST_COST = {
  bcryptRounds: 1_000,
  pbkdf2Iterations: 10_000_000,
  scryptN: 2 ** 20,
  scryptBytes: MOST_SCRYPT_BYTES,
  scryptLanes: 16,
} as const;

const cipher = (name: string, keyBytes: number, ivBytes: number, tagBytes = 0): OpensshCipher => ({
  name,
  keyBytes,
  ivBytes,
  tagBytes,
});

/** OpenSSH's ciphers, by their names in node:crypto. */
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
/** Those ciphers of PBES2 that OpenSSL has ever used by default for a key. */
const PKCS8_CIPHERS = new Set(["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des-ede3-cbc"]);
const PKCS8_DIGESTS = new Set(["sha1", "sha224", "sha256", "sha384", "sha512"]);

const DAMAGED = { why: "it is damaged: its header cannot be read" };
const UNKNOWN = {
  why: "it is locked in a way that is not known here: load it into ssh-agent with ssh-add, or write it anew with ssh-keygen -p",
};

/** The lock on a private key that has a passphrase, or why we do not open it. Fast, whatever cost the file names. */
export function readKeyLock(text: string): KeyLock | { why: string } {
  const blocks = findPemBlocks(text);
  if (blocks.some(({ label }) => label === OPENSSH_KEY)) return readOpensshLock(text);
  const pkcs8 = blocks.find(({ label }) => label === "ENCRYPTED PRIVATE KEY");
  if (pkcs8) return readPkcs8Lock(pkcs8.problem === null ? decodePem(pkcs8.lines) : null);
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

function readPkcs8Lock(der: Buffer | null): KeyLock | { why: string } {
  const sealed = der && readEncryptedKey(der);
  const [scheme, parameters] = partsOf(sealed?.algorithm);
  const oid = oidOf(scheme);
  if (!sealed || oid === null) return DAMAGED;
  const read = oid === PBES2 ? readPbes2(parameters) : UNKNOWN;
  if (!read) return DAMAGED;
  if (!("kdf" in read) || !PKCS8_CIPHERS.has(read.cipher.name)) return UNKNOWN;
  const { kdf, cipher, iv } = read;
  if (kdf.name === "pbkdf2" && !PKCS8_DIGESTS.has(kdf.digest)) return UNKNOWN;
  return evaluateCost(kdf) ?? { kind: "pkcs8", kdf, cipher, iv, secret: sealed.secret };
}

/** Null if the cost is within our limit. */
function evaluateCost(kdf: Kdf): { why: string } | null {
  if (kdf.name === "pbkdf2") {
    const most = MOST_COST.pbkdf2Iterations;
    return kdf.iterations > most ? tooMuch(kdf.iterations, "iterations of PBKDF2", most) : null;
  }
  const bytes = 128 * kdf.N * kdf.r;
  if (kdf.N > MOST_COST.scryptN) return tooMuch(kdf.N, "as the N of scrypt", MOST_COST.scryptN);
  if (bytes > MOST_COST.scryptBytes)
    return tooMuch(bytes, "bytes of memory by scrypt", MOST_COST.scryptBytes);
  if (kdf.p > MOST_COST.scryptLanes) return tooMuch(kdf.p, "as the p of scrypt", MOST_COST.scryptLanes);
  return null;
}

/** Electron's crypto has fewer ciphers than Node's. */
const isAvailable = (name: string): boolean => getCiphers().includes(name);

const tooMuch = (cost: number, what: string, most: number) => ({
  why: `its passphrase is made so costly to try (${formatNumber(cost)} ${what}) that it is not opened here, where at most ${formatNumber(most)} are taken: load it into ssh-agent with ssh-add, or write it anew with ssh-keygen -p`,
});

/** The result for a passphrase. `opened`: the private key without it. `failed`: why no passphrase can open it. */
type Unlocked =
  | { kind: "opened"; text: Redacted<string> }
  | { kind: "wrong" }
  | { kind: "failed"; why: string };

const UNLOCK_TIMEOUT_MS = 60_000;

/** Beside this file, both as source and as built: a build has all parts of the program in one folder. */
const WORKER = new URL(`./unlock-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Tries a passphrase in a thread of its own. The thread ends with the answer, at the limit, or when `signal` aborts,
 * with all that it knew. Rejects only when `signal` aborts.
 */
export async function unlock(
  lock: KeyLock,
  passphrase: Redacted<string>,
  signal: AbortSignal,
  timeoutMs = UNLOCK_TIMEOUT_MS,
): Promise<Unlocked> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Unlocked>();
  const worker = new Worker(WORKER, {
    name: "unlock",
    workerData: { lock, passphrase: Redacted.reveal(passphrase) },
    argv: [],
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  const timer = setTimeout(resolve, timeoutMs, {
    kind: "failed",
    why: `it was not opened within ${timeoutMs / 1_000} s: load it into ssh-agent with ssh-add`,
  } satisfies Unlocked);
  worker
    .on("message", (text: string | null) =>
      resolve(text === null ? { kind: "wrong" } : { kind: "opened", text: new Redacted(text) }),
    )
    // An error of the worker could contain the passphrase: only its code is passed on.
    .on("error", (error: NodeJS.ErrnoException) =>
      resolve({ kind: "failed", why: `this program failed to open it (${error.code ?? error.name})` }),
    );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    // A native derivation cannot be interrupted; nobody waits for it.
    void worker.terminate();
  }
}
