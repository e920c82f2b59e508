/** Where private keys are made, replaced and rolled back: what a run knows of them, and what becomes of each. */

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

/** `why`: what this computer, or one who was asked, says. */
export const failSaying = (why: string) => fail({ kind: "described", text: why });

/** What a hand would not do, or could not, of the file at `path`. */
export function failBy(tail: Refused | Failed | Lost, path: string): Exclude<Outcome, { kind: "done" }> {
  if (tail.kind === "lost") return tail;
  return fail(refusedAt(tail, path));
}

export const blobOf = ({ line }: { line: string }): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");

export const NO_PRIVATE_KEY: PlainCause = { kind: "new-key-unavailable", path: null };

/** Private keys: those that are made, replaced, and taken back. `hand` is of the host that holds one; null: it is here. */
export type PrivateKeys = {
  /** What an earlier try has made is taken; `isFresh`: there was none, so that what lies there is another run's. */
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
  /** `keepsOld`: the old half stays beside it, for somewhere it still counts. */
  commit(
    near: PrivateKeyContext,
    holder: PrivateKeyPlan,
    remote: RemoteSession | null,
    keepsOld: boolean,
  ): Promise<Outcome>;
  /** An old half that was kept at the end of the run is gone, whatever stands in its place by now; no other file is. */
  dropKept(holder: PrivateKeyPlan, remote: RemoteSession | null): Promise<Outcome>;
  /** What verifications from here log in with; null where its private key cannot be used here. */
  verificationKey(near: PrivateKeyContext, fingerprint: string): Promise<VerificationKey | null>;
};
