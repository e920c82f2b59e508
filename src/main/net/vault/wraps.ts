import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { Redacted } from "#shared/model/redacted.ts";
import type { WrapKind } from "#shared/model/vault.ts";
import type { ScryptCost, VaultContent, VaultEntry, Wrap } from "#shared/model/vault-file.ts";

/** Takes 128 MiB, and about half a second. */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };

const TAG_BYTES = 16;

type Box = { nonce: string; sealed: string };

/** What opens with one key only, and only as what it was sealed as. */
export function sealBox(key: Uint8Array, plain: Uint8Array, as: string): Box {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(as));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString("base64"), sealed: sealed.toString("base64") };
}

/** Null where the key is another one, or something was altered. */
export function openBox(key: Uint8Array, { nonce, sealed }: Box, as: string): Buffer | null {
  const bytes = Buffer.from(sealed, "base64");
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

/** What of an entry may not be changed: it opens as this one only. */
export const sayEntry = ({ id, kind, label, key }: Omit<VaultEntry, "nonce" | "sealed">): string =>
  JSON.stringify(["entry", id, kind, label, key?.kind ?? null, key?.spki ?? null]);

const sayWrap = (vault: string, kind: WrapKind): string => JSON.stringify(["wrap", vault, kind]);

export type WrapWish = { vault: string; dataKey: Uint8Array; since: string };

export function wrapByPassphrase(
  kind: "passphrase" | "recovery",
  passphrase: Redacted<Uint8Array>,
  scrypt: ScryptCost,
  { vault, dataKey, since }: WrapWish,
): Wrap {
  const salt = randomBytes(32);
  const key = stretch(passphrase, salt, scrypt);
  const box = sealBox(key, dataKey, sayWrap(vault, kind));
  key.fill(0);
  return { kind, since, scrypt, salt: salt.toString("base64"), ...box };
}

export const wrapByKeyring = (key: Uint8Array, { vault, dataKey, since }: WrapWish): Wrap => ({
  ...{ kind: "keyring", since },
  ...sealBox(key, dataKey, sayWrap(vault, "keyring")),
});

/** The key of the file; null where this passphrase is none of its. */
export function unwrapByPassphrase({ id, wraps }: VaultContent, passphrase: Redacted<Uint8Array>) {
  for (const wrap of wraps) {
    if (wrap.kind === "keyring") continue;
    const key = stretch(passphrase, Buffer.from(wrap.salt, "base64"), wrap.scrypt);
    const dataKey = openBox(key, wrap, sayWrap(id, wrap.kind));
    key.fill(0);
    if (dataKey) return dataKey;
  }
  return null;
}

export function unwrapByKeyring({ id, wraps }: VaultContent, key: Uint8Array): Buffer | null {
  const wrap = wraps.find(({ kind }) => kind === "keyring");
  return wrap ? openBox(key, wrap, sayWrap(id, "keyring")) : null;
}

function stretch(passphrase: Redacted<Uint8Array>, salt: Uint8Array, { N, r, p }: ScryptCost): Buffer {
  const maxmem = 256 * N * r;
  return scryptSync(Redacted.reveal(passphrase), salt, 32, { N, r, p, maxmem });
}
