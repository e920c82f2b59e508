/** Where private keys are created, replaced and rolled back: what a run knows of them, and the result for each. */

import { blobOfPublicKey } from "#codec/ssh-key.ts";
import type { PrivateKeySeen } from "#domain/runs/step.ts";
import type { RunSecrets } from "#net/local/private-keys/key-pair.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { Failed, Lost, Refused, RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { VerificationKey } from "#net/ssh/verify/verification.ts";
import { refusedAt } from "#runs/engine/runbook.ts";
import type { KeyPlan, PrivateKeyPlan } from "#shared/model/runs/plan.ts";
import type { Cause, PlainCause } from "#shared/model/runs/step-result.ts";

/** `type base64`, and its SHA256. */
export type NewKeyMade = { line: string; fingerprint: string };

/** What a run knows, as far as private keys are concerned. `line` is `type base64`. */
export type PrivateKeyContext = {
  plan: KeyPlan;
  newKey: NewKeyMade | null;
  secrets: RunSecrets | null;
  promptUser: PromptUser;
  signal: AbortSignal;
};

export type Outcome =
  | { kind: "done" }
  | { kind: "failed"; cause: PlainCause }
  | { kind: "lost"; message: string };

export const DONE: Outcome = { kind: "done" };
export const fail = (cause: PlainCause) => ({ kind: "failed" as const, cause });

/** `why`: a sentence of this computer, or of a person who was prompted. */
export const failSaying = (why: string) => fail({ kind: "described", text: why });

/** A refusal or failure of a host about the file at `path`. */
export function failBy(tail: Refused | Failed | Lost, path: string): Exclude<Outcome, { kind: "done" }> {
  if (tail.kind === "lost") return tail;
  return fail(refusedAt(tail, path));
}

export const blobOf = ({ line }: { line: string }): Buffer => blobOfPublicKey(line);

export const NO_PRIVATE_KEY: PlainCause = { kind: "new-key-unavailable", path: null };

/**
 * Private keys: created, replaced, and rolled back. `remote` is the session of the host that has one; null: it is here.
 */
export type PrivateKeys = {
  /** Takes what an earlier try has created; `isFresh`: there was no earlier try, so what is there is another run's. */
  createKey(
    near: PrivateKeyContext,
    remote: RemoteSession | null,
    isFresh: boolean,
  ): Promise<({ kind: "made"; secrets: RunSecrets | null } & NewKeyMade) | { kind: "failed"; cause: Cause }>;
  undoMake(near: PrivateKeyContext, remote: RemoteSession | null): Promise<Outcome>;
  /** After a restart. */
  reopen(
    near: PrivateKeyContext,
  ): Promise<{ kind: "open"; secrets: RunSecrets | null } | { kind: "failed"; cause: PlainCause }>;
  inspect(
    near: PrivateKeyContext,
    holder: PrivateKeyPlan,
    remote: RemoteSession | null,
  ): Promise<PrivateKeySeen>;
  install(near: PrivateKeyContext, holder: PrivateKeyPlan, remote: RemoteSession | null): Promise<Outcome>;
  undo(near: PrivateKeyContext, holder: PrivateKeyPlan, remote: RemoteSession | null): Promise<Outcome>;
  /** `keepsOld`: the old private key stays beside it, for the old key still logs in somewhere. */
  commit(
    near: PrivateKeyContext,
    holder: PrivateKeyPlan,
    remote: RemoteSession | null,
    keepsOld: boolean,
  ): Promise<Outcome>;
  /**
   * `inspect`: whether the old private key that was kept is there; `move`: it lies beside the new one again, as it does
   * while a run is under way.
   */
  putBackKept(
    holder: PrivateKeyPlan,
    remote: RemoteSession | null,
    what: "inspect" | "move",
  ): Promise<Outcome>;
  /**
   * Deletes an old private key that was kept at the end of the run, whatever has replaced it by now; and no other file.
   */
  dropKept(holder: PrivateKeyPlan, remote: RemoteSession | null): Promise<Outcome>;
  /** The key for verifications from here; null if its private key cannot be used here. */
  verificationKey(near: PrivateKeyContext, fingerprint: string): Promise<VerificationKey | null>;
};
