/** What a result says, laid beside the plan: what a script of it can have left where it has done what it says. */

import { canDoWithout } from "#domain/rotation/run/left-out-files.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { type AccessHost, type AccessPlan, type FilePlan, newKeyOf } from "#shared/model/plan.ts";
import { Phase, type RunFile, type StepState } from "#shared/model/run.ts";
import { NEW_KEY_NAMESPACE } from "#shared/model/script.ts";
import type { CarriedResult } from "./read-result.ts";

export type TakenState = Extract<StepState, "proved" | "undone" | "failed" | "needs-attention">;

/** What a result says of one phase that its script was for; null: nothing. What its files deny is not proved. */
export function stateOf(result: CarriedResult, host: AccessHost, phase: Phase): TakenState | null {
  const { outcome, at, phases } = result;
  const order = Phase.options;
  const place = order.indexOf(phase) - order.indexOf(at ?? phases[0] ?? phase);
  const proved = stands(result, host, phase) ? ("proved" as const) : ("failed" as const);
  switch (outcome) {
    case "committed":
    case "done":
      return proved;
    case "rolled-back":
      return "undone";
    case "failed":
      return "failed";
    case "added":
      return place < 0 || phase === "add" ? proved : "failed";
    case "needs-attention":
      if (place < 0) return proved;
      return place === 0 ? "needs-attention" : null;
  }
}

/** `files`: what the run knows of files so far. */
type ResultPlace = { plan: AccessPlan; host: AccessHost; files: readonly RunFile[] };

/** Why a result contradicts the plan or itself, as a sentence; null: it may be so. */
export function findContradiction(result: CarriedResult, place: ResultPlace): string | null {
  const { outcome, phases, files } = result;
  const { plan, host } = place;
  const untrue = findUntrueLeftOut(result, place);
  if (untrue !== null) return untrue;
  if (outcome === "committed" || outcome === "done") {
    const denied = phases.find((phase) => !stands(result, host, phase));
    if (denied)
      return `the result says ${outcome}, and its files are not what the plan leaves after "${denied}"`;
    if ((outcome === "committed") !== phases.includes("commit"))
      return `the result says ${outcome} of a script for ${phases.join(", ")}`;
    if (phases.includes("make-key") && newKeyOf(plan)?.kind === "made-on-holder" && result.newKey === null)
      return "the result says that the new key was made, and not which it is";
  }
  const isAsBefore = files.every(
    (hash, index) => isLeftOut(result, index) || hash === host.files[index]?.before,
  );
  if (outcome === "rolled-back" && !isAsBefore)
    return "the result says that everything was taken back, and its files are not what they were before";
  return null;
}

/** What no script of the plan can have left out. */
function findUntrueLeftOut(result: CarriedResult, { plan, host, files }: ResultPlace): string | null {
  const { outcome, leftOut, unended, phases } = result;
  const [about] = result.files.length === 0 ? [...leftOut, ...unended] : [];
  const unknown = [...leftOut, ...unended].find(({ index }) => host.files[index] === undefined);
  if (about || unknown) return "the result leaves out a file that its script was not about";
  const ofRoot = leftOut.find(({ index }) => host.files[index]?.uid === 0);
  if (ofRoot)
    return `the result leaves out ${host.files[ofRoot.index]?.path ?? ""}, which is root's own: no account can be the reason of that`;
  const isAll = leftOut.length > 0 && host.files.every((_, index) => isLeftOut(result, index));
  const phase = phases.includes("remove") ? "remove" : "add";
  return isAll && (outcome === "committed" || outcome === "done") && !canDoWithout(plan, host, phase, files)
    ? `the result says ${outcome}, and leaves out all that its script was for`
    : null;
}

const isLeftOut = ({ leftOut }: CarriedResult, index: number): boolean =>
  leftOut.some((one) => one.index === index);

/** Whether each file but those that are left out is what this phase, or one after it, leaves. */
function stands(result: CarriedResult, host: AccessHost, phase: Phase): boolean {
  const { files } = result;
  if (files.length === 0) return true;
  return host.files.every(
    (file, index) => isLeftOut(result, index) || (files[index] != null && isAfter(file, files[index], phase)),
  );
}

/** Where the new key was not known when the plan was made, nobody here can say what the file is: but not what it was. */
function isAfter({ before, after, added, removed }: FilePlan, hash: string, phase: Phase): boolean {
  switch (phase) {
    case "add":
    case "hand-over":
      return after ? hash === after.added || hash === after.removed : added === null || hash !== before;
    case "remove":
    case "commit":
      return after ? hash === after.removed : (added === null && removed === null) || hash !== before;
    default:
      return true;
  }
}

type MadeKey = { line: string; fingerprint: string };

/** The key that a result says was made there; a sentence where it is none. Whether somebody holds it is asked of `isHeld`. */
export function readMadeKey(plan: AccessPlan, { newKey: line }: CarriedResult): MadeKey | null | string {
  const newKey = newKeyOf(plan);
  if (line === null || newKey?.kind !== "made-on-holder") return null;
  const [type = "", base64 = ""] = line.split(" ");
  const key = readKeyBlob(Buffer.from(base64, "base64"));
  if (key?.keyType !== type || !type.includes(newKey.keyType))
    return "the new key that the result tells of cannot be read, or is of another type than the plan's";
  return { line, fingerprint: key.fingerprint };
}

/** Whether the result's new key has signed the nonce of its script: its private half lay where the script ran. */
export function isHeld({ fingerprint }: MadeKey, { nonce, keyProof }: CarriedResult): boolean {
  const checked =
    keyProof === null ? null : checkSignature(keyProof, Buffer.from(`${nonce}\n`), NEW_KEY_NAMESPACE);
  return checked?.kind === "good" && checked.key.fingerprint === fingerprint;
}
