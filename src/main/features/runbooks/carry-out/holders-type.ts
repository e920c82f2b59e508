import type { HolderSeen } from "#domain/rotation/run/step.ts";
import type { RunSecrets } from "#net/local/private-halves/run-secrets.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import type { HolderPlan, Plan } from "#shared/model/plan.ts";

export type NewKeyMade = { line: string; fingerprint: string };

/** What whoever holds private halves has to know of a run. */
export type Near = {
  plan: Plan;
  token: string;
  newKey: NewKeyMade | null;
  secrets: RunSecrets | null;
  ask: Ask;
  signal: AbortSignal;
};

export type HolderOutcome =
  | { kind: "done" }
  | { kind: "failed"; message: string }
  | { kind: "lost"; message: string };

/** Private halves: those that are made, replaced, and taken back. `hand` is of the host that holds one; null: it is here. */
export type Holders = {
  /** What an earlier try has made is taken; `isFresh`: there was none, so that what lies there is another run's. */
  makeKey(
    near: Near,
    hand: Hand | null,
    isFresh: boolean,
  ): Promise<
    ({ kind: "made"; secrets: RunSecrets | null } & NewKeyMade) | { kind: "failed"; message: string }
  >;
  undoMake(near: Near, hand: Hand | null): Promise<HolderOutcome>;
  /** After a restart. */
  reopen(
    near: Near,
  ): Promise<{ kind: "open"; secrets: RunSecrets | null } | { kind: "failed"; message: string }>;
  look(near: Near, holder: HolderPlan, hand: Hand | null): Promise<HolderSeen>;
  handOver(near: Near, holder: HolderPlan, hand: Hand | null): Promise<HolderOutcome>;
  undo(near: Near, holder: HolderPlan, hand: Hand | null): Promise<HolderOutcome>;
  /** `keepsOld`: the old half stays beside it, for somewhere it still counts. */
  commit(near: Near, holder: HolderPlan, hand: Hand | null, keepsOld: boolean): Promise<HolderOutcome>;
  /** An old half that was kept at the end of the run is gone, whatever stands in its place by now; no other file is. */
  dropKept(holder: HolderPlan, hand: Hand | null): Promise<HolderOutcome>;
  /** What proofs from here log in with; null where its private half cannot be used here. */
  proofKey(near: Near, fingerprint: string): Promise<ProofKey | null>;
};
