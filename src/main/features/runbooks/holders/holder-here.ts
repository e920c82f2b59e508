/** Halves on this computer: files, and keys of its agents. */
import type { HolderSeen } from "#domain/rotation/run/step.ts";
import { addToAgent, removeFromAgent } from "#net/local/private-halves/agent-keys.ts";
import { type HalfPlace, lookAtHalf } from "#net/local/private-halves/half-place.ts";
import {
  commitHalf,
  type HalfOutcome,
  makeHalf,
  putHalf,
  undoHalf,
} from "#net/local/private-halves/replace-half.ts";
import { listAgentKeys } from "#net/ssh/agent.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import { blobOf, DONE, fail, type Near, NO_PAIR, type Outcome } from "./near.ts";

export const toPlace = ({ path, before, hasPublicFile }: HolderPlan): HalfPlace => ({
  ...{ path, before, hasPublicFile },
});

export async function lookHere(near: Near, holder: HolderPlan): Promise<HolderSeen> {
  const fingerprint = near.newKey?.fingerprint ?? "";
  if (holder.kind === "agent") return lookAtAgent(near, holder);
  const state = await lookAtHalf(toPlace(holder), fingerprint);
  switch (state.kind) {
    case "untouched":
    case "made":
      return "old";
    case "in-place":
      return "new";
    case "committed":
      return "committed";
    case "strange":
      return "other";
  }
}

export async function handOverHere({ newKey, secrets }: Near, holder: HolderPlan): Promise<Outcome> {
  if (!newKey) throw new Error("there is no new key to hand over");
  if (holder.kind === "agent") return secrets ? addToAgent(holder.path, secrets.pair) : fail(NO_PAIR);
  const place = toPlace(holder);
  const state = await lookAtHalf(place, newKey.fingerprint);
  if (state.kind === "untouched") {
    if (!secrets) return fail(NO_PAIR);
    const made = await makeHalf(place, secrets.pair, holder.isEncrypted ? secrets.passphrase : null);
    if (made.kind !== "done") return fail(made.message);
  }
  return toOutcome(await putHalf(place, newKey.fingerprint));
}

export async function commitHere(near: Near, holder: HolderPlan, keepsOld: boolean): Promise<Outcome> {
  if (keepsOld) return DONE;
  if (holder.kind === "file")
    return toOutcome(await commitHalf(toPlace(holder), near.newKey?.fingerprint ?? ""));
  const old = await findInAgent(holder.path, near.plan.oldKey);
  return old ? removeFromAgent(holder.path, old.blob) : DONE;
}

export async function undoHere({ newKey }: Near, holder: HolderPlan): Promise<Outcome> {
  if (!newKey) return DONE;
  if (holder.kind === "agent") return removeFromAgent(holder.path, blobOf(newKey));
  return toOutcome(await undoHalf(toPlace(holder), newKey.fingerprint));
}

const toOutcome = (outcome: HalfOutcome): Outcome => (outcome.kind === "done" ? DONE : fail(outcome.message));

/** One that was emptied, or started anew, holds neither: the new key is still to be added then. */
async function lookAtAgent({ plan, newKey }: Near, { path }: HolderPlan): Promise<HolderSeen> {
  if (!(await findInAgent(path, newKey?.fingerprint ?? null))) return "old";
  return (await findInAgent(path, plan.oldKey)) ? "new" : "committed";
}

async function findInAgent(socketPath: string, fingerprint: string | null) {
  const { keys } = await listAgentKeys(socketPath);
  return keys.find((key) => key.fingerprint === fingerprint) ?? null;
}
