import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { findManagers } from "#domain/ssh/markers/find-managers.ts";
import type { ManagedBy } from "#shared/model/managed-by.ts";
import type { HolderPlan } from "#shared/model/plan.ts";
import { type AccountProof, addProof } from "./add-proof.ts";
import { canHold } from "./aim-rotation.ts";
import { checkHost } from "./checks/check-host.ts";
import { chooseProof } from "./choose-proof.ts";
import { type Aim, type Draft, type FileAim, makeCheck, type OpenFile, placeOf } from "./draft.ts";
import { draftFile } from "./draft-file.ts";
import { pathsOf } from "./merge-files.ts";
import type { AccountFacts, FileFacts, HolderFacts, HostFacts, PlanFacts } from "./plan-facts.ts";

/** What a host comes to: the files that change, the private halves that are replaced, and what is left as it is and why. */
export function draftHost(facts: PlanFacts, aim: Aim, host: HostFacts): Draft {
  const draft: Draft = {
    facts: host,
    files: [],
    holders: [],
    proofs: [],
    checks: [],
    leftOut: [],
    isAuthority: false,
  };
  const blocked = checkHost(host);
  if (blocked) {
    draft.checks.push(blocked);
    return draft;
  }
  for (const file of host.files) draftOne(facts, aim, draft, file);
  for (const account of aim.lacking?.(host) ?? []) leaveAccount(draft, account);
  if (facts.wish.kind === "rotate-key") {
    for (const holder of host.holders) draftHolder(draft, holder);
  }
  return draft;
}

function draftOne(facts: PlanFacts, aim: Aim, draft: Draft, file: FileFacts): void {
  const host = draft.facts;
  const { stand } = file;
  if (stand.kind === "absent") return;
  if (stand.bytes === null) {
    leaveOut(draft, file, "file", `${file.path} cannot be read: ${sayWhy(file)}`);
    return;
  }
  const open: OpenFile = { ...file, stand, bytes: stand.bytes };
  const wanted = aim.aimAt(host, open);
  draft.leftOut.push(...wanted.notes);
  if (wanted.changes.length + wanted.appended.length === 0) return;
  const accounts = host.accounts.filter(({ name }) => file.accounts.includes(name));
  const readers = leaveOutShut(
    accounts.filter((account) => !isIgnored([account], file)),
    file,
    aim,
  );
  if (readers.length === 0) {
    draft.leftOut.push(`${placeOf(host)}: sshd does not read ${file.path}, so it stays as it is`);
    return;
  }
  const obstacle = findObstacle(host, open, wanted);
  if (obstacle) {
    leaveOut(draft, file, obstacle.id, obstacle.why);
    return;
  }
  const proofs = readers.slice(0, MOST_PROVED).map((account) => ({
    ...{ account: account.name, proof: chooseProof(facts, aim, { host, account }, wanted) },
  }));
  changeFile(draft, open, { aim, wanted, proofs });
}

/** A file that is read for everybody is proved by so many of them: it is one line for all. */
const MOST_PROVED = 16;

function changeFile(
  draft: Draft,
  file: OpenFile,
  { aim, wanted, proofs }: { aim: Aim; wanted: FileAim; proofs: readonly AccountProof[] },
): void {
  if (file.stand.kind !== "file") return;
  const without = proofs.map(({ proof }) => proof).find((proof) => proof.kind === "none");
  const keepsOld = without !== undefined && aim.proves === "new";
  const planned = draftFile(file, file.bytes, file.stand, {
    ...wanted,
    keepsOld,
    newKey: aim.newKey?.kind === "given" ? aim.newKey.line : null,
  });
  if (!planned) return;
  draft.files.push(planned);
  draft.isAuthority ||= wanted.isAuthority || aim.proves === "log";
  if (keepsOld && wanted.changes.length > 0) leaveOld(draft, file, without.why);
  for (const proof of proofs) addProof(draft, proof);
}

/** Why the file is not written although its lines are meant; null where nothing is in the way. */
function findObstacle(host: HostFacts, file: OpenFile, wanted: FileAim): { id: string; why: string } | null {
  const { path, stand } = file;
  if (stand.kind === "refused") return { id: "file", why: `${path} cannot be changed safely: ${stand.why}` };
  const numbers = wanted.changes.map(({ line }) => line.number);
  const manager = findManager(host, file, numbers);
  if (manager) return { id: "managed", why: sayManager(file, manager) };
  return stand.lockedBy === null
    ? null
    : { id: "locked", why: `${path} is being changed by ${stand.lockedBy}` };
}

/** No account's sshd consults it, as far as that is known. */
const isIgnored = (accounts: readonly AccountFacts[], file: FileFacts): boolean =>
  accounts.every(
    ({ consulted }) =>
      consulted !== null && !consulted.some((one) => one === file.realPath || pathsOf(file).includes(one)),
  );

/** An account that sshd does not let in by any such line proves nothing, where the file lets in another. */
function leaveOutShut(accounts: readonly AccountFacts[], file: FileFacts, aim: Aim): readonly AccountFacts[] {
  const isShut = ({ grants }: AccountFacts): boolean => {
    const own = grants.filter((grant) => pathsOf(file).includes(grant.file) && aim.concerns(grant));
    return own.length > 0 && own.every(({ effective }) => effective === "no");
  };
  const open = accounts.filter((account) => !isShut(account));
  return open.length > 0 ? open : accounts;
}

const sayWhy = ({ stand }: FileFacts): string => (stand.kind === "refused" ? stand.why : "it is not there");

function leaveOut(draft: Draft, { accounts }: FileFacts, id: string, why: string): void {
  const account = accounts[0] ?? null;
  draft.checks.push(makeCheck("consent", id, { host: draft.facts, account }, `${why}; it stays as it is`));
  draft.leftOut.push(`${placeOf(draft.facts)}: ${why}`);
}

function leaveAccount(draft: Draft, account: string): void {
  const isKnown = draft.facts.accounts.some(({ name }) => name === account);
  const why = isKnown
    ? `${account} has no authorized_keys file that sshd reads: make one there, and scan the host`
    : `no account ${account} is known there; scan the host`;
  draft.checks.push(makeCheck("consent", "file", { host: draft.facts, account }, `${why}; nothing is added`));
  draft.leftOut.push(`${placeOf(draft.facts)}: ${why}`);
}

function leaveOld(draft: Draft, { path, accounts }: FileFacts, why: string): void {
  const account = accounts[0] ?? null;
  const text = `nothing can prove the new key here (${why}): it is added to ${path}, and the old one stays`;
  draft.checks.push(makeCheck("consent", "no-proof", { host: draft.facts, account }, text));
  draft.leftOut.push(`${placeOf(draft.facts)}: the old line stays in ${path}: ${why}`);
}

/** Who would undo a change of these lines; for a new line at the end, who writes the file. */
function findManager({ os }: HostFacts, file: OpenFile, numbers: readonly number[]): ManagedBy | null {
  const managerOf = findManagers({ path: file.path, realPath: file.realPath, bytes: file.bytes }, { os });
  const lines = readAuthorizedKeys(file.bytes);
  const concerned = numbers.length > 0 ? lines.filter(({ line }) => numbers.includes(line)) : [];
  const whole = numbers.length > 0 ? [] : [managerOf({ line: 0, options: "", comment: "" })];
  return [...concerned.map(managerOf), ...whole].find((manager) => manager !== null) ?? null;
}

const sayManager = ({ path }: FileFacts, { by, evidence, isUndone }: ManagedBy): string =>
  `${by} writes ${path} (${evidence}): ${isUndone}`;

function draftHolder(draft: Draft, holder: HolderFacts): void {
  if (canHold(draft.facts, holder)) {
    draft.holders.push(toHolderPlan(draft.facts, holder));
    return;
  }
  const why = `the private key ${holder.path} is not replaced: ${holder.stuck ?? ""}`;
  draft.checks.push(makeCheck("consent", "holder", { host: draft.facts, account: holder.owner }, why));
  draft.leftOut.push(`${placeOf(draft.facts)}: ${why}`);
}

export const toHolderPlan = (host: HostFacts | null, { stuck: _, ...holder }: HolderFacts): HolderPlan => ({
  host: host && { host: host.host, port: host.port },
  ...holder,
});
