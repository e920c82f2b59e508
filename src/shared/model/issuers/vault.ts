import { z } from "zod";
import { Instant } from "../instant.ts";

/** `absent`: there is none yet. `locked`: no process knows what opens it. */
export const VaultState = z.enum(["absent", "locked", "open"]);
export type VaultState = z.infer<typeof VaultState>;

/** What opens a vault: a passphrase, the recovery passphrase, or the operating system's keyring. */
export const WrapKind = z.enum(["passphrase", "recovery", "keyring"]);
export type WrapKind = z.infer<typeof WrapKind>;

/** The number of a secret in the vault. */
export const SecretId = z.string().regex(/^[0-9a-f]{32}$/);
export type SecretId = z.infer<typeof SecretId>;

/**
 * The key that a typed secret is sealed to: a P-256 key that lives as long as the vault process, in base64,
 * uncompressed.
 */
export const Receiver = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  publicKey: z.base64().length(88),
});
export type Receiver = z.infer<typeof Receiver>;

/**
 * What was typed, sealed in the page or terminal to the vault process's `Receiver`, so that nobody between reads it:
 * AES-256-GCM (nonce, then the ciphertext with its tag) by a key of HKDF-SHA256 of the two points' ECDH.
 */
export const Sealed = z.strictObject({
  to: Receiver.shape.id,
  publicKey: Receiver.shape.publicKey,
  box: z.base64().min(40).max(100_000),
});
export type Sealed = z.infer<typeof Sealed>;

export const VaultStatus = z.object({
  state: VaultState,
  file: z.string(),
  /** Why the file cannot be used, and what to do; null where nothing is wrong with it. */
  problem: z.string().nullable(),
  /** What opens it, and since when. */
  wraps: z.array(z.object({ kind: WrapKind, since: Instant })),
  /** What is kept in it: how many of each kind. */
  kept: z.array(z.object({ kind: z.string(), count: z.int() })),
  /** It locks itself after so long without a request. */
  idleMinutes: z.int(),
});
export type VaultStatus = z.infer<typeof VaultStatus>;

/** A kind of private key that certificates are requested for. */
export const KeyKind = z.enum(["p256", "p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"]);
export type KeyKind = z.infer<typeof KeyKind>;
