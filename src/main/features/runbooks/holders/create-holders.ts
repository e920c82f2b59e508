/** Private halves of a run: made, put where the old ones were, committed, taken back. Idempotent, each by what it finds. */
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import type { HolderPlan, Plan } from "#shared/model/plan.ts";
import { commitHere, dropKeptHere, handOverHere, lookHere, undoHere } from "./holder-here.ts";
import { commitThere, dropKeptThere, handOverThere, lookThere, undoThere } from "./holder-there.ts";
import { makeNewKey, reopen, undoMake } from "./make-key.ts";
import type { Near } from "./near.ts";
import { findProofKey } from "./proof-key.ts";

/** `hand`: of the host that holds a half; null where this computer does. `agentSocket`: of the user's own agent. */
export function createHolders({ agentSocket }: { agentSocket: string | null }) {
  const known = new WeakMap<Plan, Map<string, ProofKey | null>>();
  return {
    makeKey: makeNewKey,
    undoMake,
    reopen,
    look: (near: Near, holder: HolderPlan, hand: Hand | null) =>
      hand ? lookThere(near, holder, hand) : lookHere(near, holder),
    handOver: (near: Near, holder: HolderPlan, hand: Hand | null) =>
      hand ? handOverThere(near, holder, hand) : handOverHere(near, holder),
    undo: (near: Near, holder: HolderPlan, hand: Hand | null) =>
      hand ? undoThere(near, holder, hand) : undoHere(near, holder),
    commit: (near: Near, holder: HolderPlan, hand: Hand | null, keepsOld: boolean) =>
      hand ? commitThere(near, holder, { hand, keepsOld }) : commitHere(near, holder, keepsOld),
    dropKept: (holder: HolderPlan, hand: Hand | null) =>
      hand ? dropKeptThere(holder, hand) : dropKeptHere(holder),
    /** A passphrase for one is asked for once a run. */
    async proofKey(near: Near, fingerprint: string): Promise<ProofKey | null> {
      const keys = known.get(near.plan) ?? new Map<string, ProofKey | null>();
      known.set(near.plan, keys);
      const found = keys.get(fingerprint) ?? (await findProofKey(near, fingerprint, agentSocket));
      // Where the new half lies changes while the run goes on.
      if (near.secrets?.pair.fingerprint !== fingerprint) keys.set(fingerprint, found);
      return found;
    },
  };
}
