import type { HolderSeen } from "#domain/rotation/run/step.ts";
import type { RunSecrets } from "#net/local/private-halves/run-secrets.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import type { Near, NewKeyMade, Outcome } from "../holders/near.ts";

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
  undoMake(near: Near, hand: Hand | null): Promise<Outcome>;
  /** After a restart. */
  reopen(
    near: Near,
  ): Promise<{ kind: "open"; secrets: RunSecrets | null } | { kind: "failed"; message: string }>;
  look(near: Near, holder: HolderPlan, hand: Hand | null): Promise<HolderSeen>;
  handOver(near: Near, holder: HolderPlan, hand: Hand | null): Promise<Outcome>;
  undo(near: Near, holder: HolderPlan, hand: Hand | null): Promise<Outcome>;
  /** `keepsOld`: the old half stays beside it, for somewhere it still counts. */
  commit(near: Near, holder: HolderPlan, hand: Hand | null, keepsOld: boolean): Promise<Outcome>;
  /** An old half that was kept at the end of the run is gone, whatever stands in its place by now; no other file is. */
  dropKept(holder: HolderPlan, hand: Hand | null): Promise<Outcome>;
  /** What proofs from here log in with; null where its private half cannot be used here. */
  proofKey(near: Near, fingerprint: string): Promise<ProofKey | null>;
};
