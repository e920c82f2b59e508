import { diffLines } from "#domain/runs/files/diff-lines.ts";
import { appendLine, type LineChange, spliceLines } from "#domain/runs/files/lines.ts";
import { applyEdits, fillStages, hashBytes } from "#domain/runs/files/stages.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { findManagers } from "#domain/ssh/managers.ts";
import type { ManagedBy } from "#shared/model/access/verdict.ts";
import type { Check, FilePlan, PrivateKeyPlan } from "#shared/model/runs/plan.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { canHold } from "./change-key.ts";
import {
  type ChangeSet,
  type Draft,
  type FileChanges,
  isSeenToLetIn,
  makeCheck,
  type OpenFile,
  openDraft,
  pathsOf,
  readersOf,
} from "./change-set.ts";
import { checkHost } from "./checks/hosts.ts";
import { formatOtherKey, otherKey, unseenAccounts } from "./checks/private-keys.ts";
import { type AccountVerification, addVerification, chooseVerification } from "./choose-verification.ts";
import type {
  AccountFacts,
  FileFacts,
  FileState,
  HostFacts,
  PlanFacts,
  PrivateKeyFacts,
} from "./plan-facts.ts";

/** The draft of a host: the files that change, the private keys that are replaced, and what stays as it is and why. */
export function draftHost(facts: PlanFacts, changeSet: ChangeSet, host: HostFacts): Draft {
  const draft = openDraft(host);
  const blocked = checkHost(host);
  if (blocked) {
    draft.checks.push(blocked);
    return draft;
  }
  for (const file of host.files) draftOne(facts, changeSet, draft, file);
  for (const unseen of unseenAccounts(changeSet, host)) leaveUnreadable(changeSet, draft, unseen);
  for (const account of changeSet.lacking?.(host) ?? []) leaveAccount(draft, account);
  if (facts.request.kind === "rotate-key") {
    for (const privateKey of host.privateKeyLocations) draftPrivateKey(draft, privateKey);
  }
  return draft;
}

function draftOne(facts: PlanFacts, changeSet: ChangeSet, draft: Draft, file: FileFacts): void {
  const host = draft.facts;
  const { stand } = file;
  if (stand.kind === "absent") {
    if (isOutOfSight(changeSet, host, file))
      leaveUnreadable(changeSet, draft, { account: file.accounts[0] ?? "", why: formatOutOfSight(file) });
    return;
  }
  if (stand.bytes === null) {
    leaveOut(draft, file, "file", `${file.path} cannot be read: ${formatWhy(file)}`);
    return;
  }
  const open: OpenFile = { ...file, stand, bytes: stand.bytes };
  const fileChanges = changeSet.changesFor(host, open);
  draft.leftOut.push(...fileChanges.notes);
  if (fileChanges.changes.length + fileChanges.appended.length === 0) return;
  const readers = readersOf(changeSet, host, file);
  if (readers.length === 0) {
    const [taker] = host.accounts.filter((account) => isSeenToLetIn(changeSet, account, file));
    if (taker) leaveOut(draft, file, "file", formatUnreadableHere(file, taker));
    else draft.leftOut.push(`${formatHost(host)}: sshd does not read ${file.path}, so it stays as it is`);
    return;
  }
  const obstacle = findObstacle(
    host,
    open,
    fileChanges.changes.map(({ line }) => line.number),
  );
  if (obstacle) {
    leaveOut(draft, file, obstacle.id, obstacle.why);
    return;
  }
  const verifications = readers.map((account) => ({
    account: account.name,
    verification: chooseVerification(facts, changeSet, { host, account, file }, fileChanges),
  }));
  changeFile(draft, open, { changeSet, fileChanges, verifications });
}

const formatUnreadableHere = ({ path }: FileFacts, { name }: AccountFacts): string =>
  `the last scan shows that ${path} grants a login to ${name}, but for a login from here sshd does not read it, so that no new key could be verified there: scan the host again, or rotate it from where sshd reads it`;

function changeFile(
  draft: Draft,
  file: OpenFile,
  {
    changeSet,
    fileChanges,
    verifications,
  }: { changeSet: ChangeSet; fileChanges: FileChanges; verifications: readonly AccountVerification[] },
): void {
  if (file.stand.kind !== "file") return;
  const without = verifications
    .map(({ verification }) => verification)
    .find((verification) => verification.kind === "none");
  const keepsOld = without !== undefined && changeSet.verifies === "new";
  const planned = draftFile(file, file.bytes, file.stand, {
    ...fileChanges,
    keepsOld,
    newKey: changeSet.newKey?.kind === "provided" ? changeSet.newKey.line : null,
  });
  if (!planned) return;
  draft.files.push(planned);
  if (planned.creates) draft.checks.push(checkCreates(draft.facts, planned));
  draft.isAuthority ||= fileChanges.isAuthority || changeSet.verifies === "log";
  if (keepsOld && fileChanges.changes.length > 0) leaveOld(draft, file, without.why);
  for (const verification of verifications) addVerification(draft, verification);
}

const formatWhy = ({ stand }: FileFacts): string =>
  stand.kind === "refused" ? stand.why : "it is not there";

const checkCreates = (host: HostFacts, { account, path, creates }: FilePlan): Check =>
  makeCheck(
    "warning",
    "created",
    { host, account },
    `${path} is not there yet: ${creates === "folder" ? "its folder (0700) and the file (0600) are" : "it is (0600)"} made as ${account}, and taken away again on the way back`,
  );

/**
 * A known line whose folder is missing, too: its file system may not be mounted now, or its folder may not be
 * accessible.
 */
const isOutOfSight = (changeSet: ChangeSet, { accounts }: HostFacts, file: FileFacts): boolean =>
  file.stand.kind === "absent" &&
  file.stand.lacks?.creates !== "file" &&
  accounts.some(({ grants }) =>
    grants.some(
      (grant) => grant.effective !== "no" && changeSet.concerns(grant) && pathsOf(file).includes(grant.file),
    ),
  );

const formatOutOfSight = ({ path }: FileFacts): string =>
  `neither ${path} nor its folder is there, or may be seen: mount it, log in as its owner, or scan the host again`;

/** The key logs in there, and can neither be replaced nor removed. */
function leaveUnreadable(
  { newKey }: ChangeSet,
  draft: Draft,
  { account, why }: { account: string; why: string },
): void {
  const where = formatHost(draft.facts);
  const text =
    newKey === null
      ? `the keys of ${account} on ${where} could not be read: ${why}; by the last scan the key logs in there, and whether it still does is not known`
      : `${account} on ${where} takes it, too, and its keys could not be read: ${why}; whoever logs in there by it is shut out once its private keys are replaced, so they are kept aside`;
  draft.checks.push(makeCheck("acknowledge", "unreadable", { host: draft.facts, account }, text));
  draft.leftOut.push(`${where}: the keys of ${account} could not be read: ${why}`);
}

function leaveOut(draft: Draft, { accounts }: FileFacts, id: string, why: string): void {
  const account = accounts[0] ?? null;
  draft.checks.push(
    makeCheck("acknowledge", id, { host: draft.facts, account }, `${why}; it stays as it is`),
  );
  draft.leftOut.push(`${formatHost(draft.facts)}: ${why}`);
}

function leaveAccount(draft: Draft, account: string): void {
  const isKnown = draft.facts.accounts.some(({ name }) => name === account);
  const why = isKnown
    ? `${account} has no authorized_keys file that sshd reads: make one there, and scan the host`
    : `no account ${account} is known there; scan the host`;
  draft.checks.push(
    makeCheck("acknowledge", "file", { host: draft.facts, account }, `${why}; nothing is added`),
  );
  draft.leftOut.push(`${formatHost(draft.facts)}: ${why}`);
}

function leaveOld(draft: Draft, { path, accounts }: FileFacts, why: string): void {
  const account = accounts[0] ?? null;
  const text = `nothing can verify the new key here (${why}): it is added to ${path}, and the old one stays`;
  draft.checks.push(makeCheck("acknowledge", "unverified", { host: draft.facts, account }, text));
  draft.leftOut.push(`${formatHost(draft.facts)}: the old line stays in ${path}: ${why}`);
}

function draftPrivateKey(draft: Draft, privateKey: PrivateKeyFacts): void {
  if (canHold(draft.facts, privateKey)) {
    draft.privateKeyLocations.push(toPrivateKeyPlan(draft.facts, privateKey));
    return;
  }
  if (privateKey.stuck === null && privateKey.possession.kind === "other-key") {
    draft.checks.push(otherKey(draft.facts, privateKey));
    draft.leftOut.push(`${formatHost(draft.facts)}: ${formatOtherKey(privateKey)}`);
    return;
  }
  const why = `the private key ${privateKey.path} is not replaced: ${privateKey.stuck ?? ""}`;
  draft.checks.push(
    makeCheck("acknowledge", "private-key", { host: draft.facts, account: privateKey.owner }, why),
  );
  draft.leftOut.push(`${formatHost(draft.facts)}: ${why}`);
}

export const toPrivateKeyPlan = (
  host: HostFacts | null,
  { stuck: _, ...privateKey }: PrivateKeyFacts,
): PrivateKeyPlan => ({
  host: host && { host: host.host, port: host.port },
  ...privateKey,
});

/** `newKey`: `type base64`, if it is known already. */
type PlannedChanges = Pick<FileChanges, "changes" | "appended"> & {
  keepsOld: boolean;
  newKey: string | null;
};

/** A file as the plan has it. `keepsOld`: lines that should be removed stay beside those that are added. */
function draftFile(
  { path, realPath, accounts, creates }: FileFacts,
  bytes: Uint8Array,
  { uid, gid, owner, mode }: FileState,
  { changes, appended, keepsOld, newKey }: PlannedChanges,
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
    ...hashStages(bytes, { added, removed: stages.removed }, newKey),
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

/** The hashes of the file afterwards; none if they depend on a key that is yet to be created. */
export function hashStages(
  bytes: Uint8Array,
  splices: Pick<FilePlan, "added" | "removed">,
  newKey: string | null,
): Pick<FilePlan, "after"> {
  const stages = fillStages(splices, newKey);
  const added = stages && applyEdits(bytes, stages.added);
  const removed = stages && applyEdits(bytes, stages.removed);
  return added && removed ? { after: { added: hashBytes(added), removed: hashBytes(removed) } } : {};
}

/**
 * Why the file is not written although these lines of it, or a new one, are requested; null if nothing is in the way.
 */
export function findObstacle(
  host: HostFacts,
  file: OpenFile,
  numbers: readonly number[],
): { id: string; why: string } | null {
  const { path, stand } = file;
  if (stand.kind === "refused") return { id: "file", why: `${path} cannot be changed safely: ${stand.why}` };
  const manager = findManager(host, file, numbers);
  if (manager) return { id: "managed", why: formatManager(file, manager) };
  if (stand.workFolder !== null) return { id: "work-folder", why: formatFolderInUse(path, stand.workFolder) };
  return stand.lockedBy === null
    ? null
    : { id: "locked", why: `${path} is being changed by ${stand.lockedBy}` };
}

const formatFolderInUse = (path: string, workFolder: string): string =>
  `${path} is not changed: ${workFolder}, where a run keeps its lock, was not made by a run: check it, then remove it`;

/** The manager that would undo a change of these lines; for a new line at the end, the one that writes the file. */
function findManager({ os }: HostFacts, file: OpenFile, numbers: readonly number[]): ManagedBy | null {
  const managerOf = findManagers({ path: file.path, realPath: file.realPath, bytes: file.bytes }, { os });
  const lines = readAuthorizedKeys(file.bytes);
  const concerned = numbers.length > 0 ? lines.filter(({ line }) => numbers.includes(line)) : [];
  const whole = numbers.length > 0 ? [] : [managerOf({ line: 0, options: "", comment: "" })];
  return [...concerned.map(managerOf), ...whole].find((manager) => manager !== null) ?? null;
}

const formatManager = ({ path }: FileFacts, { by, evidence, isUndone }: ManagedBy): string =>
  `${by} writes ${path} (${evidence}): ${isUndone}`;
