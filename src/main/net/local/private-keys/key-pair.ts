import { createPrivateKey, generateKeyPair, hash, type KeyObject } from "node:crypto";
import { extname } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { viewKey } from "#codec/fingerprint.ts";
import {
  blobOfJwk,
  formatPublicKey,
  padSecret,
  RSA_BITS,
  readContainer,
  secretOfJwk,
  writeOpenContainer,
} from "#codec/ssh-key.ts";
import { openFields, toField } from "#codec/ssh-wire.ts";
import { type Identity, listAgentKeys, queryAgent } from "#net/ssh/identities.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { Redacted } from "#shared/model/secret.ts";

/** In memory only: lost when the run ends. */
export type RunSecrets = {
  keyPair: KeyPair;
  /** The passphrase for the new private key wherever the old one was locked; null if it was locked nowhere. */
  passphrase: Redacted<string> | null;
};

/** A private key with its public key, in memory: generated here, or read from a file without a passphrase. */

export type KeyPair = {
  keyType: string;
  fingerprint: string;
  blob: Buffer;
  /** As in an authorized_keys file: type and base64. */
  line: string;
  comment: string;
  /** The private key as agents and OpenSSH's format encode it: its type, then its numbers. */
  secret: Redacted<Buffer>;
};

export type NewKeyType = "ed25519" | "ecdsa" | "rsa";

const generate = promisify(generateKeyPair);

const GENERATE: Record<NewKeyType, () => Promise<{ privateKey: KeyObject }>> = {
  ed25519: () => generate("ed25519"),
  ecdsa: () => generate("ec", { namedCurve: "P-256" }),
  rsa: () => generate("rsa", { modulusLength: RSA_BITS }),
};

export async function createKeyPair(options: { keyType: NewKeyType; comment: string }): Promise<KeyPair> {
  const { privateKey } = await GENERATE[options.keyType]();
  const keyPair = toKeyPair(privateKey, options.comment);
  if (!keyPair) throw new Error(`SSH has no keys of type ${options.keyType}`);
  return keyPair;
}

/** Reads a private key file without a passphrase, in any format that OpenSSH reads; null for anything else. */
export function readKeyPair(text: Redacted<string>): KeyPair | null {
  const clear = Redacted.reveal(text);
  const container = readContainer(clear);
  if (container) return container.cipher === "none" ? readSecret(container.blob, container.secret) : null;
  try {
    return toKeyPair(createPrivateKey(clear), "");
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

/** The key as a login uses it. */
export function toIdentity(keyPair: KeyPair, source: string): Identity {
  const file = readPrivateKeyFile(Buffer.from(writeOpenContainer(keyPair.blob, padKeyPair(keyPair, 8))));
  if (file.kind !== "usable") throw new Error(`a key that was made here is of no use: ${file.why}`);
  const { keyType, fingerprint, comment } = keyPair;
  return { keyType, fingerprint, source, comment, secret: { kind: "file", key: file.key } };
}

/** The private section of OpenSSH's format, before it is encrypted with a cipher of that block size. */
const padKeyPair = ({ secret, comment }: KeyPair, blockBytes: number): Buffer =>
  padSecret(Redacted.reveal(secret), comment, blockBytes);

/** How many fields follow the name of each type; the comment follows those. */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 2,
  "ssh-rsa": 6,
  "ecdsa-sha2-nistp256": 3,
  "ecdsa-sha2-nistp384": 3,
  "ecdsa-sha2-nistp521": 3,
};

const CHECK_BYTES = 8;

function readSecret(blob: Buffer, section: Buffer): KeyPair | null {
  const count = FIELDS[viewKey(blob).keyType];
  if (count === undefined) return null;
  const fields = openFields(section, CHECK_BYTES);
  for (let nth = 0; nth <= count; nth++) fields.octets();
  const end = fields.position;
  const comment = fields.octets();
  if (!comment) return null;
  const secret = new Redacted(Buffer.from(section.subarray(CHECK_BYTES, end)));
  return nameKey(Buffer.from(blob), secret, comment.toString("utf8"));
}

function toKeyPair(key: KeyObject, comment: string): KeyPair | null {
  const jwk = key.export({ format: "jwk" });
  const [blob, secret] = [blobOfJwk(jwk), secretOfJwk(jwk)];
  return blob && secret && nameKey(blob, new Redacted(secret), comment);
}

function nameKey(blob: Buffer, secret: Redacted<Buffer>, comment: string): KeyPair {
  const view = viewKey(blob);
  return { ...view, blob, line: formatPublicKey(blob), comment, secret };
}

/** The block size of the cipher that `seal-worker` encrypts with. */
const SEAL_BLOCK_BYTES = 16;

/** Beside this file, both as source and as built: a build has all parts of the program in one folder. */
const WORKER = new URL(`./seal-worker${extname(import.meta.url)}`, import.meta.url);

/** The text of a private key file, in OpenSSH's format. A passphrase is put on it in a thread that ends right after. */
export async function sealKeyPair(
  keyPair: KeyPair,
  passphrase: Redacted<string> | null,
): Promise<Redacted<string>> {
  const { blob } = keyPair;
  if (!passphrase) return new Redacted(writeOpenContainer(blob, padKeyPair(keyPair, 8)));
  const { promise, resolve, reject } = Promise.withResolvers<Redacted<string>>();
  const secret = padKeyPair(keyPair, SEAL_BLOCK_BYTES);
  const worker = new Worker(WORKER, {
    name: "seal",
    workerData: { blob, secret, passphrase: Redacted.reveal(passphrase) },
    argv: [],
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  worker
    .on("message", (text: string) => resolve(new Redacted(text)))
    // An error of the worker could contain the key or the passphrase: only its code is passed on.
    .on("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`a passphrase could not be put on a key (${error.code ?? error.name})`)),
    );
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}

/** SHA-256 of the key file, which reveals nothing of the key. */
export const hashSealed = (text: Redacted<string>): string => hash("sha256", Redacted.reveal(text));

/** Keys of a running agent: adding a new one and removing an old one, by the agent protocol (RFC 9987). */

type AgentOutcome = { kind: "done" } | { kind: "failed"; message: string };

const ADD_IDENTITY = 17;
const REMOVE_IDENTITY = 18;
const SUCCESS = 6;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** The flag for signing with RSA and SHA-512. */
const RSA_SHA512 = 4;

/** Some agents ask a person to confirm. */
const ADD_TIMEOUT_MS = 60_000;

/** Adds the key until the agent ends; a key that is there already is no failure. */
export async function addToAgent(socketPath: string, keyPair: KeyPair): Promise<AgentOutcome> {
  const message = Buffer.concat([
    Buffer.from([ADD_IDENTITY]),
    Redacted.reveal(keyPair.secret),
    toField(keyPair.comment),
  ]);
  await queryAgent(socketPath, message, ADD_TIMEOUT_MS);
  return (await holds(socketPath, keyPair.blob))
    ? { kind: "done" }
    : { kind: "failed", message: `the agent at ${socketPath} did not take the new key: add it with ssh-add` };
}

/** Removes the key from the agent; a key that is not there is no failure. */
export async function removeFromAgent(socketPath: string, blob: Uint8Array): Promise<AgentOutcome> {
  const answer = await queryAgent(
    socketPath,
    Buffer.concat([Buffer.from([REMOVE_IDENTITY]), toField(blob)]),
    ADD_TIMEOUT_MS,
  );
  const { isReachable } = await listAgentKeys(socketPath);
  // An agent that has ended holds no keys.
  if (answer?.[0] === SUCCESS || !isReachable || !(await holds(socketPath, blob))) return { kind: "done" };
  return {
    kind: "failed",
    message: `the agent at ${socketPath} still holds the old key: remove it with ssh-add -d`,
  };
}

/**
 * The agent's signature of these bytes, in SSH's wire format; null if it does not hold the key, or does not sign in
 * time. Some agents ask a person to confirm, who may decline.
 */
export async function signByAgent(
  socketPath: string,
  { fingerprint, bytes, timeoutMs }: { fingerprint: string; bytes: Uint8Array; timeoutMs: number },
): Promise<{ blob: Uint8Array; signature: Uint8Array } | null> {
  const { keys } = await listAgentKeys(socketPath);
  const blob = keys.find((key) => key.fingerprint === fingerprint)?.blob;
  if (!blob) return null;
  const request = [
    Buffer.from([SIGN_REQUEST]),
    toField(blob),
    toField(bytes),
    Buffer.from([0, 0, 0, RSA_SHA512]),
  ];
  const answer = await queryAgent(socketPath, Buffer.concat(request), timeoutMs);
  const signature = answer?.[0] === SIGN_RESPONSE ? openFields(answer, 1).octets() : null;
  return signature ? { blob, signature } : null;
}

async function holds(socketPath: string, blob: Uint8Array): Promise<boolean> {
  const { keys } = await listAgentKeys(socketPath);
  return keys.some((key) => key.blob.equals(blob));
}
