import type { Instant } from "#shared/model/instant.ts";
import type { KeyKind, Receiver, Sealed, VaultState, VaultStatus } from "#shared/model/issuers/vault.ts";
import type { ScryptCost } from "#shared/model/issuers/vault-file.ts";
import type { RefusalCode } from "#shared/model/refusal.ts";
import type { Redacted } from "#shared/model/secret.ts";
import type { Masked } from "./sealed-box.ts";

/**
 * A secret on its way into the vault. Bytes are overwritten with zeros once they are taken; what was typed on a screen
 * comes sealed, and is never in clear in this process.
 */
export type PassphraseInput = Redacted<Uint8Array> | Sealed;

/**
 * What a secret is. `kind` says who uses it and cannot be changed: a kind that begins with `account-` or `authority-`
 * never leaves the vault process. `label` is for people. Neither is secret.
 */
export type About = { kind: string; label: string };

export type Hash = "SHA-256" | "SHA-384" | "SHA-512";

/** `hash` is null for ed25519. `ecdsa` is the encoding of an ECDSA signature; other keys ignore it. */
export type SignHow = { hash: Hash | null; ecdsa: "der" | "ieee-p1363" };

/**
 * The file of secrets, and the only process that can open it. This process never knows the data key of the file, nor a
 * private key. What needs an open vault is a `Refusal` (`locked`) while it is locked; it says what to do.
 */
export type Vault = {
  state(): VaultState;
  /** As it is on the disk now. */
  status(): Promise<VaultStatus>;
  /** The public key to which secrets are sealed that are typed elsewhere. */
  receiver(): Promise<Receiver>;
  create(passphrase: PassphraseInput, recovery: PassphraseInput | null): Promise<void>;
  /** With either passphrase. */
  unlock(passphrase: PassphraseInput): Promise<{ kind: "open" } | { kind: "wrong" }>;
  unlockByKeyring(): Promise<void>;
  /** Resolves when the vault process is gone. Those of other programs end within a second. */
  lock(): Promise<void>;
  changePassphrase(
    current: PassphraseInput,
    next: PassphraseInput,
  ): Promise<{ kind: "changed" } | { kind: "wrong" }>;
  /** Sets another recovery passphrase; null: none any more. */
  changeRecovery(
    current: PassphraseInput,
    next: PassphraseInput | null,
  ): Promise<{ kind: "changed" } | { kind: "wrong" }>;
  /** Whether the operating system's keyring opens the vault, too. */
  setKeyring(isUsed: boolean): Promise<void>;

  /** Creates a private key in the vault process. */
  createKey(kind: KeyKind, about: About): Promise<{ id: string; spki: Uint8Array }>;
  /** Takes in a private key that was made elsewhere: a file of PEM, or PKCS#8 in DER, without a passphrase. */
  importKey(file: PassphraseInput, about: About): Promise<{ id: string; spki: Uint8Array }>;
  keep(secret: PassphraseInput, about: About): Promise<{ id: string }>;
  sign(id: string, data: Uint8Array, how: SignHow): Promise<Uint8Array>;
  hmacSha256(id: string, data: Uint8Array): Promise<Uint8Array>;
  /** Opens a secret that is sent elsewhere; a private key as PKCS#8 DER. The caller overwrites it afterwards. */
  open(id: string): Promise<Redacted<Uint8Array>>;
  /** Secrets of one kind, by their labels; a locked vault lists them, too. */
  listed(kind: string): Promise<{ id: string; label: string }[]>;
  /** Forgetting a secret that is not there does nothing. */
  forget(id: string): Promise<void>;
};

export const LOCKED =
  "the vault is locked; unlock it (latchkey vault unlock, or Settings > Issuers and vault)";
export const ABSENT =
  "there is no vault yet; create it (latchkey vault create, or Settings > Issuers and vault)";

/** A request to the vault process. A secret is sealed in both directions: no message holds one in clear. */
export type VaultRequest =
  | { what: "receiver" }
  | { what: "create"; passphrase: Sealed; recovery: Sealed | null; at: Instant }
  | { what: "unlock"; passphrase: Sealed }
  | { what: "unlock-by-keyring" }
  | { what: "change"; kind: "passphrase" | "recovery"; current: Sealed; next: Sealed | null; at: Instant }
  | { what: "set-keyring"; isUsed: boolean; at: Instant }
  | { what: "create-key"; kind: KeyKind; about: About }
  | { what: "import-key"; secret: Sealed; about: About }
  | { what: "keep"; secret: Sealed; about: About }
  | { what: "sign"; id: string; data: Uint8Array; how: SignHow }
  | { what: "hmac"; id: string; data: Uint8Array }
  | { what: "open"; id: string; publicKey: Uint8Array }
  | { what: "forget"; id: string };

/** The answer to each request. */
export type Answers = {
  receiver: Receiver;
  create: null;
  unlock: "open" | "wrong";
  "unlock-by-keyring": null;
  change: "changed" | "wrong";
  "set-keyring": null;
  "create-key": { id: string; spki: Uint8Array };
  "import-key": { id: string; spki: Uint8Array };
  keep: { id: string };
  sign: Uint8Array;
  hmac: Uint8Array;
  open: Masked;
  forget: null;
};

/** The first message to the vault process. */
export type VaultProcessSettings = { path: string; cost: ScryptCost; idleMs: number };

export type ToVaultProcess =
  | { kind: "begin"; settings: VaultProcessSettings }
  | { kind: "request"; number: number; request: VaultRequest };

export type FromVaultProcess =
  | { kind: "answer"; number: number; answer: Answers[VaultRequest["what"]] }
  | { kind: "refusal"; number: number; code: RefusalCode; message: string }
  /** A bug: what may be logged of it. */
  | { kind: "fault"; number: number; said: string };

/** What we use of a process, whoever started it. */
export type VaultChildProcess = {
  send(message: ToVaultProcess): void;
  onMessage(listener: (message: FromVaultProcess) => void): void;
  onExit(listener: () => void): void;
  /** Ends it at once: it has nothing to save. */
  kill(): void;
};

export type StartVaultProcess = () => Promise<VaultChildProcess>;
