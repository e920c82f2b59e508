import { createCipheriv, createDecipheriv, createECDH, hkdfSync, randomBytes, scryptSync } from "node:crypto";
import type { WrapKind } from "#shared/model/issuers/vault.ts";
import type { ScryptCost, VaultContent, VaultEntry, Wrap } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";

/** Takes 128 MiB, and about half a second. */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };

const TAG_BYTES = 16;
const CURVE = "prime256v1";

type Box = { nonce: string; sealed: string };

/** Encrypts to a box that opens with this key alone, and only under the same `as`. */
export function sealBox(key: Uint8Array, plain: Uint8Array, as: string): Box {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(as));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString("base64"), sealed: sealed.toString("base64") };
}

/** Null if the key is another one, or something was altered. */
export function openBox(key: Uint8Array, { nonce, sealed }: Box, as: string): Buffer | null {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < TAG_BYTES) return null;
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"), {
    authTagLength: TAG_BYTES,
  }).setAAD(Buffer.from(as));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = decipher.update(bytes.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return null;
  }
}

/** The part of an entry that must not change: its box opens under this text only. */
export const formatEntry = ({ id, kind, label, key }: Omit<VaultEntry, "nonce" | "sealed">): string =>
  JSON.stringify(["entry", id, kind, label, key?.kind ?? null, key?.spki ?? null]);

const formatWrap = (vault: string, kind: WrapKind, part: "private-key" | "to" | "key"): string =>
  JSON.stringify(["wrap", vault, kind, part]);

export type WrapRequest = { vault: string; dataKey: Uint8Array; since: string };

export function wrapByPassphrase(
  kind: "passphrase" | "recovery",
  passphrase: Redacted<Uint8Array>,
  scrypt: ScryptCost,
  request: WrapRequest,
): Wrap {
  const salt = randomBytes(32);
  const key = deriveFromPassphrase(passphrase, salt, scrypt);
  const sealing = sealBy(key, kind, request);
  key.fill(0);
  return { kind, scrypt, salt: salt.toString("base64"), ...sealing };
}

export const wrapByKeyring = (key: Uint8Array, request: WrapRequest): Wrap => ({
  kind: "keyring",
  ...sealBy(key, "keyring", request),
});

/** Wraps another data key for whoever opens this wrap, who need not be here. Null if the wrap was altered. */
export function rewrap(
  wrap: Wrap,
  { vault, dataKey }: Omit<WrapRequest, "since">,
  next: Uint8Array,
): Wrap | null {
  const publicKey = openBox(dataKey, wrap.to, formatWrap(vault, wrap.kind, "to"));
  return publicKey && { ...wrap, ...sealKeyTo(publicKey, wrap.kind, vault, next) };
}

/** The file's data key; null if this is none of its passphrases. */
export function unwrapByPassphrase({ id, wraps }: VaultContent, passphrase: Redacted<Uint8Array>) {
  for (const wrap of wraps) {
    if (wrap.kind === "keyring") continue;
    const key = deriveFromPassphrase(passphrase, Buffer.from(wrap.salt, "base64"), wrap.scrypt);
    const dataKey = openBy(key, wrap, id);
    key.fill(0);
    if (dataKey) return dataKey;
  }
  return null;
}

export function unwrapByKeyring({ id, wraps }: VaultContent, key: Uint8Array): Buffer | null {
  const wrap = wraps.find(({ kind }) => kind === "keyring");
  return wrap ? openBy(key, wrap, id) : null;
}

function sealBy(key: Uint8Array, kind: WrapKind, { vault, dataKey, since }: WrapRequest) {
  const keyPair = createECDH(CURVE);
  const publicKey = keyPair.generateKeys();
  const privateKey = keyPair.getPrivateKey();
  const box = sealBox(key, privateKey, formatWrap(vault, kind, "private-key"));
  privateKey.fill(0);
  return { since, ...box, ...sealKeyTo(publicKey, kind, vault, dataKey) };
}

function sealKeyTo(theirs: Uint8Array, kind: WrapKind, vault: string, dataKey: Uint8Array) {
  const mine = createECDH(CURVE);
  const publicKey = mine.generateKeys();
  const key = derive(mine.computeSecret(theirs), publicKey);
  const box = sealBox(key, dataKey, formatWrap(vault, kind, "key"));
  key.fill(0);
  const to = sealBox(dataKey, theirs, formatWrap(vault, kind, "to"));
  return { to, dataKey: { publicKey: publicKey.toString("base64"), ...box } };
}

function openBy(key: Uint8Array, wrap: Wrap, vault: string): Buffer | null {
  const privateKey = openBox(key, wrap, formatWrap(vault, wrap.kind, "private-key"));
  if (!privateKey) return null;
  try {
    const mine = createECDH(CURVE);
    mine.setPrivateKey(privateKey);
    const publicKey = Buffer.from(wrap.dataKey.publicKey, "base64");
    const derived = derive(mine.computeSecret(publicKey), publicKey);
    const dataKey = openBox(derived, wrap.dataKey, formatWrap(vault, wrap.kind, "key"));
    derived.fill(0);
    return dataKey;
  } catch {
    // The public key was altered, and is no point of the curve.
    return null;
  } finally {
    privateKey.fill(0);
  }
}

function derive(shared: Buffer, publicKey: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync("sha256", shared, publicKey, "latchkey wrap", 32));
  shared.fill(0);
  return key;
}

function deriveFromPassphrase(
  passphrase: Redacted<Uint8Array>,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
): Buffer {
  const maxmem = 256 * N * r;
  return scryptSync(Redacted.reveal(passphrase), salt, 32, { N, r, p, maxmem });
}

const SERVICE = "latchkey";

/** Loaded when it is needed, so that no start waits for it, and systems without it work. */
async function openEntry(vault: string) {
  try {
    const { Entry } = (await import("@napi-rs/keyring")).default;
    // The other store on Linux, the kernel's keyring, loses its keys when the machine restarts.
    return new Entry(SERVICE, vault, { linux: { store: "secret-service" } });
  } catch (error) {
    throw unreachable(error);
  }
}

/** Stores a new key for a vault in the operating system's keyring. */
export async function putKeyringKey(vault: string): Promise<Uint8Array> {
  const entry = await openEntry(vault);
  const key = randomBytes(32);
  try {
    entry.setSecret(key);
    const kept = entry.getSecret();
    if (kept && Buffer.from(kept).equals(key)) return key;
  } catch (error) {
    throw unreachable(error);
  }
  throw new Refusal(
    "unusable",
    "the system's keyring did not keep what it was given; the vault is as it was before",
  );
}

export async function getKeyringKey(vault: string): Promise<Uint8Array> {
  const entry = await openEntry(vault);
  try {
    const kept = entry.getSecret();
    if (kept?.length === 32) return Uint8Array.from(kept);
  } catch (error) {
    throw unreachable(error);
  }
  throw new Refusal(
    "not-found",
    "the system's keyring has nothing for this vault any more; unlock it with the passphrase",
  );
}

export async function dropKeyringKey(vault: string): Promise<void> {
  const entry = await openEntry(vault);
  try {
    entry.deleteCredential();
  } catch (error) {
    throw unreachable(error);
  }
}

/** The error's text holds no secret of ours; its first line is enough. */
const unreachable = (error: unknown) =>
  new Refusal(
    "unusable",
    // biome-ignore lint/plugin: it is cut, and not read
    `this system has no keyring that can be used (${error instanceof Error ? error.message.split("\n")[0]?.slice(0, 200) : "unknown"}); use the passphrase`,
  );
