import { diffLines } from "#domain/rotation/bytes/diff-lines.ts";
import { applyEdits } from "#domain/rotation/bytes/edit.ts";
import { appendLine, type LineChange, spliceLines } from "#domain/rotation/bytes/edit-lines.ts";
import { fillStages } from "#domain/rotation/bytes/stages.ts";
import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import type { FilePlan } from "#shared/model/plan.ts";
import type { FileAim } from "./draft.ts";
import type { FileFacts, FileState } from "./plan-facts.ts";

/** `newKey`: `type base64`, where it is known already. */
type Wanted = Pick<FileAim, "changes" | "appended"> & { keepsOld: boolean; newKey: string | null };

/** A file as the plan has it. `keepsOld`: what was to be removed stays beside what is added. */
export function draftFile(
  { path, realPath, accounts, creates }: FileFacts,
  bytes: Uint8Array,
  { uid, gid, owner, mode }: FileState,
  { changes, appended, keepsOld, newKey }: Wanted,
): FilePlan | null {
  const kept = keepsOld ? changes.flatMap(keepOld) : changes;
  if (kept.length + appended.length === 0) return null;
  const stages = spliceLines(bytes, kept);
  const added =
    appended.length > 0
      ? [...(stages.added ?? []), ...appended.map((text) => appendLine(bytes, text))]
      : stages.added;
  const count = (...kinds: LineChange["kind"][]): number =>
    kept.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    account: accounts[0] ?? owner,
    ...(accounts.length > 1 ? { others: accounts.slice(1) } : {}),
    ...(creates ? { creates } : {}),
    path: realPath ?? path,
    uid,
    gid,
    owner,
    mode,
    before: hashBytes(bytes),
    sizeBytes: bytes.length,
    ...formatAfter(bytes, { added, removed: stages.removed }, newKey),
    added,
    removed: stages.removed,
    hunks: diffLines(bytes, { added, removed: stages.removed }),
    adds: count("added") + appended.length,
    changes: count("beside", "instead"),
    removes: count("gone"),
  };
}

function keepOld(change: LineChange): LineChange[] {
  if (change.kind === "beside") return [{ ...change, kind: "added" }];
  return change.kind === "added" ? [change] : [];
}

/** What the file will be; nothing where that depends on a key that is yet to be made. */
export function formatAfter(
  bytes: Uint8Array,
  splices: Pick<FilePlan, "added" | "removed">,
  newKey: string | null,
): Pick<FilePlan, "after"> {
  const stages = fillStages(splices, newKey);
  const added = stages && applyEdits(bytes, stages.added);
  const removed = stages && applyEdits(bytes, stages.removed);
  return added && removed ? { after: { added: hashBytes(added), removed: hashBytes(removed) } } : {};
}
