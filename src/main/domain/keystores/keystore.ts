import type {
  StoreEntryKind,
  StoreFormat,
  StoreIntegrity,
  StoreState,
} from "#shared/model/certificates/inspected.ts";

/** One thing that a store holds under a name. Plain data: it is sent between threads. */
export type StoreEntry = {
  /** Empty if it has no name. */
  alias: string;
  what: StoreEntryKind;
  /** Its secret part was not read: that needs a password, or another one than the store's. */
  isLocked: boolean;
  /** Exact DER, the leaf first: the chain of a key, or the one certificate. */
  certificates: Uint8Array[];
  /** SHA-256 of the public key's SubjectPublicKeyInfo, lower-case hex; null if the key was not read. */
  spkiSha256: string | null;
};

/** What keeps a store, or a part of it, locked. */
export type StoreLock = {
  /** Whether the right password would open it here. */
  canBeOpened: boolean;
  /** A sentence for people, lower case, without a full stop. */
  why: string;
  /** What one password costs to try, in iterations of PBKDF2. */
  work: number;
};

/** A store, as far as it could be read. Nothing of a private key is in it but its public key's hash. */
export type Keystore = {
  format: StoreFormat;
  state: StoreState;
  /** How it is protected, in words; empty if it is not. */
  protection: string;
  integrity: StoreIntegrity;
  entries: StoreEntry[];
  /** Null if nothing in it is locked, or if no password would show more of it. */
  lock: StoreLock | null;
  /** What could not be read, each a sentence. */
  malformed: string[];
};

/** The result of trying a password. */
export type Opened = { kind: "opened"; store: Keystore } | { kind: "wrong-password" };

export const entryOf = (what: StoreEntryKind, fields: Partial<StoreEntry> = {}): StoreEntry => ({
  alias: "",
  what,
  isLocked: false,
  certificates: [],
  spkiSha256: null,
  ...fields,
});

/** How much of a store could be read follows from how many of its parts are locked. */
export function stateOf(entries: readonly StoreEntry[], hiddenParts: number): StoreState {
  const isShut = hiddenParts > 0 || entries.some(({ isLocked }) => isLocked);
  if (!isShut) return "open";
  return entries.some(({ isLocked, certificates }) => !isLocked || certificates.length > 0)
    ? "partly-locked"
    : "locked";
}
