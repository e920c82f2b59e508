/**
 * Private key files, as far as a login needs them.
 *
 * A key under a passphrase is recognised by its header and not opened here: a thread of its own does that
 * (locked/unlock-worker.ts). ssh2 would derive its key on this thread, for as long as the file says.
 */

import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import type { ParsedKey } from "ssh2";
import { viewKey } from "#codec/fingerprint.ts";
import {
  blobOfJwk,
  formatPublicKey,
  padSecret,
  readContainer,
  secretOfJwk,
  writeOpenContainer,
} from "#codec/ssh-key.ts";
import { Redacted } from "#shared/model/secret.ts";
import { type KeyLock, readKeyLock } from "./locked/key-lock.ts";
import { loadSsh2 } from "./tuned-ssh2.ts";

export type PrivateKeyFile =
  | { kind: "usable"; key: Redacted<ParsedKey>; blob: Buffer; keyType: string; fingerprint: string }
  | {
      kind: "unusable";
      /** Null if the public key cannot be read without a passphrase, or at all. */
      keyType: string | null;
      fingerprint: string | null;
      /** Null: it is not a private key. */
      isEncrypted: boolean | null;
      /** What a passphrase opens; null if none does. */
      lock: KeyLock | null;
      why: string;
    };

export const NEEDS_PASSPHRASE =
  "it has a passphrase: load it into ssh-agent with ssh-add, or scan at a terminal, which asks for it";

/** No private key is larger than this. */
export const LARGEST_KEY_FILE = 64 * 1024;

const LOGIN_TYPES = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;
const CURVE_BYTES: Readonly<Record<string, number>> = { "P-256": 32, "P-384": 48, "P-521": 66 };
const NO_KEY = {
  kind: "unusable",
  keyType: null,
  fingerprint: null,
  isEncrypted: null,
  lock: null,
} as const;

export function readPrivateKeyFile(bytes: Uint8Array): PrivateKeyFile {
  if (bytes.length > LARGEST_KEY_FILE) return { ...NO_KEY, why: "it is larger than any private key" };
  const text = Buffer.from(bytes).toString("latin1").trim();
  const label = /^-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\r?\n/m.exec(text)?.[1];
  if (text.startsWith("PuTTY-User-Key-File-"))
    return { ...NO_KEY, why: "it is a PuTTY key: convert it with puttygen -O private-openssh" };
  if (!label) return { ...NO_KEY, why: "it is not a private key" };
  if (label === "OPENSSH PRIVATE KEY") return readOpenssh(text);
  if (label === "ENCRYPTED PRIVATE KEY" || /^(Proc-Type:.*ENCRYPTED|DEK-Info:)/m.test(text))
    return { ...NO_KEY, ...describeLock(text) };
  return readPem(text);
}

/** Why this program cannot log in with a key of this type; null if it can. */
export function whyNoLogin(keyType: string): string | null {
  if (LOGIN_TYPES.test(keyType)) return null;
  if (keyType.includes("-cert-v01@")) return "it is a certificate, which OpenSSH's ssh alone can log in with";
  if (keyType.startsWith("sk-")) return "it is on a security key, which OpenSSH's ssh alone can log in with";
  return `logging in with a ${keyType} key is not possible: use an Ed25519, ECDSA or RSA key`;
}

/** OpenSSH's own format: its header and the public key are in clear. */
function readOpenssh(text: string): PrivateKeyFile {
  const container = readContainer(text);
  if (!container) return { ...NO_KEY, why: "it is damaged: its header cannot be read" };
  const view = viewKey(container.blob);
  const isEncrypted = container.cipher !== "none";
  const why = whyNoLogin(view.keyType);
  if (why) return { ...NO_KEY, ...view, isEncrypted, why };
  if (isEncrypted) return { ...NO_KEY, ...view, ...describeLock(text) };
  const read = parse(text);
  if (read.kind === "usable" && !read.blob.equals(container.blob))
    return { ...NO_KEY, why: "it is damaged: its private key is not the one of its public key" };
  return read;
}

function describeLock(text: string): { isEncrypted: true; lock: KeyLock | null; why: string } {
  const lock = readKeyLock(text);
  return "why" in lock
    ? { isEncrypted: true, lock: null, why: lock.why }
    : { isEncrypted: true, lock, why: NEEDS_PASSPHRASE };
}

/** Formats that OpenSSL reads. ssh2 reads neither PKCS#8 nor an Ed25519 key in PEM: they are rewritten for it. */
function readPem(text: string): PrivateKeyFile {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (error) {
    if (error instanceof Error) return { ...NO_KEY, why: "it is damaged: OpenSSL cannot read it" };
    throw error;
  }
  if (key.asymmetricKeyType === "rsa") return parse(key.export({ format: "pem", type: "pkcs1" }) as string);
  if (key.asymmetricKeyType === "ed25519") return parse(toContainer(key));
  const curve = key.asymmetricKeyType === "ec" ? key.export({ format: "jwk" }).crv : undefined;
  if (curve && CURVE_BYTES[curve]) return parse(key.export({ format: "pem", type: "sec1" }) as string);
  const type = key.asymmetricKeyType ?? "unknown";
  return {
    ...NO_KEY,
    isEncrypted: false,
    why: `SSH knows no key of type ${type} on this curve: make one with ssh-keygen`,
  };
}

/** An Ed25519 key in OpenSSH's format, without a passphrase. */
function toContainer(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  const [blob, secret] = [blobOfJwk(jwk), secretOfJwk(jwk)];
  if (!blob || !secret) throw new Error("SSH has Ed25519 keys");
  return writeOpenContainer(blob, padSecret(secret, "", 8));
}

/** Parses a key that has no passphrase. */
function parse(text: string): PrivateKeyFile {
  const key = loadSsh2().utils.parseKey(text);
  if (key instanceof Error || !key.isPrivateKey())
    return { ...NO_KEY, why: "it is damaged: the key in it cannot be read" };
  const blob = key.getPublicSSH();
  const view = viewKey(blob);
  if (!isWhole(key, view.keyType, blob))
    return { ...NO_KEY, why: "it is damaged: its private key is not the one of its public key" };
  return { kind: "usable", key: new Redacted(key), blob, ...view };
}

/** Whether a signature of the private key verifies under the public key: a file can show any public key. */
function isWhole(key: ParsedKey, keyType: string, blob: Buffer): boolean {
  const shown = loadSsh2().utils.parseKey(formatPublicKey(blob));
  if (shown instanceof Error) return false;
  const digest = keyType === "ssh-rsa" ? "sha512" : undefined;
  const bytes = randomBytes(32);
  const signature: unknown = key.sign(bytes, digest);
  return Buffer.isBuffer(signature) && shown.verify(bytes, signature, digest) === true;
}
