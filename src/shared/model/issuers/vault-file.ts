import { z } from "zod";
import { Instant } from "../instant.ts";
import { KeyKind, SecretId, WrapKind } from "./vault.ts";

export const VAULT_FORMAT = "latchkey-vault";
export const VAULT_VERSION = 1;

/** What any version of the file has. */
export const VaultHead = z.object({ format: z.literal(VAULT_FORMAT), version: z.int() });

/** AES-256-GCM: a nonce of 12 bytes, and the ciphertext with its tag. */
const Box = { nonce: z.base64().length(16), sealed: z.base64().min(24).max(200_000) };

/** No file may make scrypt use more than a gigabyte of memory. */
export const ScryptCost = z.strictObject({
  N: z.union(
    [2 ** 10, 2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20].map((n) => z.literal(n)),
  ),
  r: z.literal(8),
  p: z.int().min(1).max(4),
});
export type ScryptCost = z.infer<typeof ScryptCost>;

/** A P-256 point, uncompressed. */
const EcPublicKey = z.base64().length(88);

/**
 * The key of the file, sealed to a key pair (ECDH P-256, HKDF) whose private key one of those who may open the file can
 * unseal. So whoever has the file's key can give a new one to all of them. That is done when one of them may not open
 * it any more.
 */
const Sealing = {
  since: Instant,
  ...Box,
  /** The public key, sealed by the file's key, which shows that nobody has replaced it. */
  to: z.strictObject(Box),
  dataKey: z.strictObject({ publicKey: EcPublicKey, ...Box }),
};

export const Wrap = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: WrapKind.exclude(["keyring"]),
    scrypt: ScryptCost,
    salt: z.base64().min(24).max(88),
    ...Sealing,
  }),
  z.strictObject({ kind: WrapKind.extract(["keyring"]), ...Sealing }),
]);
export type Wrap = z.infer<typeof Wrap>;

export const VaultEntry = z.strictObject({
  id: SecretId,
  kind: z.string().min(1).max(100),
  label: z.string().max(1_000),
  /** Of a private key that was made here, and its SubjectPublicKeyInfo. */
  key: z.strictObject({ kind: KeyKind, spki: z.base64().max(2_000) }).nullable(),
  ...Box,
});
export type VaultEntry = z.infer<typeof VaultEntry>;

export const VaultFile = z.strictObject({
  format: VaultHead.shape.format,
  version: z.literal(VAULT_VERSION),
  /** Random; the operating system's keyring has its entry under this name. */
  id: SecretId,
  wraps: z.array(Wrap).min(1).max(3),
  entries: z.array(VaultEntry).max(100_000),
  /** Over all fields above it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type VaultFile = z.infer<typeof VaultFile>;

export type VaultContent = Omit<VaultFile, "sha256">;
