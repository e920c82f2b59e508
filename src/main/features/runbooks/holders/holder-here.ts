/** Halves on this computer: files, and keys of its agents. */
import { isOpenedHere } from "#domain/rotation/plan/checks/check-possession.ts";
import type { HolderSeen } from "#domain/rotation/run/step.ts";
import { addToAgent, removeFromAgent } from "#net/local/private-halves/agent-keys.ts";
import { type HalfPlace, lookAtHalf } from "#net/local/private-halves/half-place.ts";
import {
  commitHalf,
  dropKeptHalf,
  type HalfOutcome,
  keepHalf,
  makeHalf,
  putHalf,
  undoHalf,
} from "#net/local/private-halves/replace-half.ts";
import { listAgentKeys } from "#net/ssh/agent.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import { blobOf, DONE, fail, type Near, NO_PAIR, type Outcome } from "./near.ts";
import { openPair } from "./open-pair.ts";
import { RUN_WAITS_MS, verifyAgent } from "./verify-agent.ts";

export const toPlace = ({ path, before, hasPublicFile }: HolderPlan): HalfPlace => ({
  path,
  before,
  hasPublicFile,
});

export async function lookHere(near: Near, holder: HolderPlan): Promise<HolderSeen> {
  const fingerprint = near.newKey?.fingerprint ?? "";
  if (holder.kind === "agent") return lookAtAgent(near, holder);
  const state = await lookAtHalf(toPlace(holder), fingerprint);
  switch (state.kind) {
    case "untouched":
      return state.isBegun ? "begun" : "old";
    case "made":
      // Where the key is made it lies there from the very first step on.
      return state.isBegun || !isMadeAt(near, holder) ? "begun" : "old";
    case "in-place":
      return "new";
    case "committed":
      return "committed";
    case "strange":
      return "other";
  }
}

const isMadeAt = ({ plan: { newKey } }: Near, { path }: HolderPlan): boolean =>
  newKey?.kind === "made-here" && newKey.path === path;

export async function handOverHere(near: Near, holder: HolderPlan): Promise<Outcome> {
  const { newKey, secrets } = near;
  if (!newKey) throw new Error("there is no new key to hand over");
  if (holder.kind === "agent") {
    if (!secrets) return fail(NO_PAIR);
    return (await refuseAgent(near, holder)) ?? addToAgent(holder.path, secrets.pair);
  }
  const place = toPlace(holder);
  const state = await lookAtHalf(place, newKey.fingerprint);
  if (state.kind === "untouched" || state.kind === "made") {
    const refused = await refuseFile(near, holder);
    if (refused) return refused;
  }
  if (state.kind === "untouched") {
    if (!secrets) return fail(NO_PAIR);
    const made = await makeHalf(place, secrets.pair, holder.isEncrypted ? secrets.passphrase : null);
    if (made.kind !== "done") return fail(made.message);
  }
  return toOutcome(await putHalf(place, newKey.fingerprint));
}

/** Null where the agent has signed with the old key just now, or what it did not sign was agreed to by its path. */
async function refuseAgent(near: Near, { path, possession: planned }: HolderPlan): Promise<Outcome | null> {
  // It was added to before, and has forgotten the old one since.
  if (await findInAgent(path, near.newKey?.fingerprint ?? null)) return null;
  const possession = await verifyAgent(path, near.plan.oldKey ?? "", RUN_WAITS_MS);
  if (possession.kind === "verified" || (possession.kind === "claimed" && planned.kind === "claimed"))
    return null;
  return fail(
    `the agent at ${path} did not sign with the old key, so it gets no new one: load it with ssh-add`,
  );
}

/** Null where the file holds the old private half: whoever has the passphrase opens it for that, if it is locked. */
async function refuseFile(near: Near, holder: HolderPlan): Promise<Outcome | null> {
  const { path, before, possession } = holder;
  // A key that is made where nothing stood takes nobody's place.
  if (before === null || (possession.kind === "claimed" && !isOpenedHere(holder))) return null;
  const opened = await openPair(path, near);
  if ("why" in opened) return fail(`${opened.why}, so it gets no new key`);
  if (opened.pair.fingerprint === near.plan.oldKey) return null;
  return fail(`${path} holds another key than the old one, so it gets no new one: plan it again`);
}

export async function commitHere(near: Near, holder: HolderPlan, keepsOld: boolean): Promise<Outcome> {
  if (holder.kind === "file") {
    const end = keepsOld ? keepHalf : commitHalf;
    return toOutcome(await end(toPlace(holder), near.newKey?.fingerprint ?? ""));
  }
  if (keepsOld) return DONE;
  const old = await findInAgent(holder.path, near.plan.oldKey);
  return old ? removeFromAgent(holder.path, old.blob) : DONE;
}

export const dropKeptHere = async (holder: HolderPlan): Promise<Outcome> =>
  toOutcome(await dropKeptHalf(toPlace(holder)));

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
