/** Private halves of a run: made, put where the old ones were, committed, taken back. Idempotent, each by what it finds. */
import { namesOf } from "#net/local/private-halves/half-place.ts";
import { toIdentity } from "#net/local/private-halves/key-pair.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { gatherIdentities, readKeyFile } from "#net/ssh/identities.ts";
import type { VerificationKey } from "#net/ssh/prove/login-proof.ts";
import { type HolderPlan, holdersHere, newKeyOf, type Plan } from "#shared/model/plan.ts";
import { commitHere, dropKeptHere, handOverHere, lookHere, openPair, undoHere } from "./here.ts";
import type { Near } from "./locations.ts";
import { makeNewKey, reopen, undoMake } from "./make-key.ts";
import { commitThere, dropKeptThere, handOverThere, lookThere, undoThere } from "./on-host.ts";

/** `hand`: of the host that holds a half; null where this computer does. `agentSocket`: of the user's own agent. */
export function createHolders({ agentSocket }: { agentSocket: string | null }) {
  const known = new WeakMap<Plan, Map<string, VerificationKey | null>>();
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
    async proofKey(near: Near, fingerprint: string): Promise<VerificationKey | null> {
      const keys = known.get(near.plan) ?? new Map<string, VerificationKey | null>();
      known.set(near.plan, keys);
      const found = keys.get(fingerprint) ?? (await findVerificationKey(near, fingerprint, agentSocket));
      // Where the new half lies changes while the run goes on.
      if (near.secrets?.pair.fingerprint !== fingerprint) keys.set(fingerprint, found);
      return found;
    },
  };
}

/** What a proof from here logs in with; null where the private half of that key cannot be used here. */
async function findVerificationKey(
  near: Near,
  fingerprint: string,
  agentSocket: string | null,
): Promise<VerificationKey | null> {
  const { plan, secrets } = near;
  const newKey = newKeyOf(plan);
  const path = newKey?.kind === "made-on-holder" ? null : (newKey?.path ?? null);
  const here = holdersHere(plan);
  if (secrets?.pair.fingerprint === fingerprint)
    return toIdentity(secrets.pair, await whereIs(path, fingerprint));
  const files = [
    ...(plan.kind === "tighten-grants" && plan.provesWith !== null ? [plan.provesWith] : []),
    ...here.flatMap((holder) => (holder.kind === "file" ? [holder.path] : [])),
  ];
  const agent = here.find(({ kind }) => kind === "agent")?.path ?? agentSocket;
  const identityFiles = path === null ? files : [path, ...files];
  const { identities, unusable } = await gatherIdentities({
    identityFiles,
    agentSocket: agent,
    configured: { files: [], isForAll: true },
    home: "",
    unlock: async (file) => {
      const opened = file.fingerprint === fingerprint ? await openPair(file.path, near) : { why: "" };
      if ("why" in opened) return { why: opened.why };
      const { secret, ...view } = toIdentity(opened.pair, file.path);
      if (secret.kind !== "file") return { why: "" };
      return { ...view, kind: "usable", blob: opened.pair.blob, key: secret.key };
    },
  });
  return (
    identities.find((one) => one.fingerprint === fingerprint) ??
    unusable.flatMap(({ forClient }) => forClient ?? []).find((one) => one.fingerprint === fingerprint) ??
    null
  );
}

/** OpenSSH's client reads it itself. */
async function whereIs(path: string | null, fingerprint: string): Promise<string> {
  if (path === null) return "";
  const { now, made } = namesOf(path);
  const file = await readKeyFile(made);
  return typeof file === "object" && "fingerprint" in file && file.fingerprint === fingerprint ? made : now;
}
