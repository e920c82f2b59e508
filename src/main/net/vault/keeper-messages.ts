import type { Instant } from "#shared/model/instant.ts";
import type { KeyKind, Receiver, Sealed } from "#shared/model/issuers/vault.ts";
import type { ScryptCost } from "#shared/model/issuers/vault-file.ts";
import type { RefusalCode } from "#shared/model/refusal.ts";
import type { Masked } from "./masked-way.ts";
import type { About, SignHow } from "./vault.ts";

/** What the keeper is asked. A secret is sealed in both directions: no message holds one that can be read. */
export type Ask =
  | { what: "receiver" }
  | { what: "create"; passphrase: Sealed; recovery: Sealed | null; at: Instant }
  | { what: "unlock"; passphrase: Sealed }
  | { what: "unlock-by-keyring" }
  | { what: "change"; kind: "passphrase" | "recovery"; current: Sealed; next: Sealed | null; at: Instant }
  | { what: "set-keyring"; isUsed: boolean; at: Instant }
  | { what: "make-key"; kind: KeyKind; about: About }
  | { what: "keep"; secret: Sealed; about: About }
  | { what: "sign"; id: string; data: Uint8Array; how: SignHow }
  | { what: "hmac"; id: string; data: Uint8Array }
  | { what: "open"; id: string; point: Uint8Array }
  | { what: "forget"; id: string };

/** What is answered to each. */
export type Answers = {
  receiver: Receiver;
  create: null;
  unlock: "open" | "wrong";
  "unlock-by-keyring": null;
  change: "changed" | "wrong";
  "set-keyring": null;
  "make-key": { id: string; spki: Uint8Array };
  keep: { id: string };
  sign: Uint8Array;
  hmac: Uint8Array;
  open: Masked;
  forget: null;
};

/** What the keeper is told before anything else. */
export type VaultProcessRequest = { path: string; cost: ScryptCost; idleMs: number };

export type ToVaultProcess =
  | { kind: "begin"; wish: VaultProcessRequest }
  | { kind: "ask"; number: number; ask: Ask };

export type FromVaultProcess =
  | { kind: "answer"; number: number; answer: Answers[Ask["what"]] }
  | { kind: "refusal"; number: number; code: RefusalCode; message: string }
  /** A bug; what the log may have of it. */
  | { kind: "fault"; number: number; said: string };

/** The sliver of a process that is used, whoever started it. */
export type VaultChildProcess = {
  tell(message: ToVaultProcess): void;
  onMessage(hear: (message: FromVaultProcess) => void): void;
  onExit(hear: () => void): void;
  /** Ends it at once: it has nothing to save. */
  kill(): void;
};

export type StartVaultProcess = () => Promise<VaultChildProcess>;
