import {
  type ChangeSet,
  type Draft,
  makeCheck,
  type OpenFile,
  openDraft,
  readersOf,
  type Unplannable,
} from "#domain/runs/access/change-set.ts";
import { checkHost, checksOf } from "#domain/runs/access/checks/hosts.ts";
import {
  acknowledgesUnreadable,
  checkPrivateKeys,
  checkUnreadableKeys,
  otherKey,
} from "#domain/runs/access/checks/private-keys.ts";
import { addVerification, chooseVerification } from "#domain/runs/access/choose-verification.ts";
import { findObstacle, hashStages, toPrivateKeyPlan } from "#domain/runs/access/draft-host.ts";
import {
  asOfOf,
  findVerificationKey,
  prepareFacts,
  remainingOf,
  toAccessHost,
  withKeys,
} from "#domain/runs/access/make-plan.ts";
import type { HostFacts, PlanFacts, PrivateKeyFacts } from "#domain/runs/access/plan-facts.ts";
import { reviewDisable } from "#domain/runs/disable/plan-disable.ts";
import { diffLines } from "#domain/runs/files/diff-lines.ts";
import { applyEdits, fillStages, hashBytes } from "#domain/runs/files/stages.ts";
import { reviewHostKey } from "#domain/runs/host-key/plan-host-key.ts";
import { chooseConfirmation, orderHosts } from "#domain/runs/planned-hosts.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { isAuthority } from "#domain/ssh/deciders/lines.ts";
import {
  type AccessBase,
  type AccessHost,
  type AccessPlan,
  type Check,
  type FilePlan,
  isSameHost,
  type KeyPlan,
  NEW_KEY_PLACEHOLDER,
  type NewKey,
  newKeyOf,
  type PrivateKeyPlan,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";
import type { RemainingAccess } from "#shared/model/runs/remaining-access.ts";
import { formatAccount, formatHost } from "#shared/text/hosts/target.ts";
import { numbersOf, readChangeSet, refuseEdited } from "./read-change-set.ts";
import { EXAMPLE_KEY } from "./validate-plan.ts";

/** `hosts` of the facts are those of the plan; `elsewhere`: where else the old key is granted, by the inventory. */
type ImportedPlan = { plan: KeyPlan; facts: PlanFacts; elsewhere: readonly ElsewhereGrant[] };

/** A grant of the old key in a file that the plan does not have. */
export type ElsewhereGrant = {
  host: string;
  port: number;
  account: string;
  file: string;
  fingerprint: string;
  effective: "yes" | "no" | "unknown";
};

/**
 * An imported plan with the same changes, and everything else as it is now: what it shows, who verifies it, its checks,
 * and the acknowledgements and the confirmation word that it needs. An untrue statement in it refuses it.
 */
export function reviewPlan({ plan, ...request }: ImportedPlan): KeyPlan | Unplannable {
  if (plan.kind === "disable-account") return reviewDisable(plan, request.facts);
  return plan.kind === "rotate-host-key"
    ? reviewHostKey(plan, request.facts)
    : reviewAccess(plan, request.facts, request.elsewhere);
}

function reviewAccess(
  plan: AccessPlan,
  known: PlanFacts,
  elsewhere: readonly ElsewhereGrant[],
): AccessPlan | Unplannable {
  const facts = prepareFacts(known);
  const newKey = newKeyOf(plan);
  if (newKey?.kind === "provided" && facts.provided?.line !== newKey.line)
    return refuseEdited(`its new key is not the one in ${newKey.path ?? "it"}`);
  const drafts: Draft[] = [];
  for (const host of plan.hosts) {
    const now = facts.hosts.find((one) => isSameHost(one, host));
    const draft = now ? reviewHost(plan, facts, { host, now }) : `${formatHost(host)} is not known here`;
    if (typeof draft === "string") return refuseEdited(draft);
    drafts.push(draft);
  }
  const checks: Check[] = [];
  const here = reviewPrivateKeys(plan, privateKeysHere(plan), { known: facts.here, host: null }, checks);
  const hosts = orderHosts(drafts, plan.options).map(({ draft, batch }) => toAccessHost(draft, batch));
  const changeSet = readChangeSet(plan, facts, null);
  const privateKeyLocations = [...here, ...hosts.flatMap((host) => host.privateKeyLocations)];
  const files = hosts.flatMap((host) => host.files);
  const locations = [...new Set(elsewhere.map((one) => `${formatAccount(one)} (${one.file})`))];
  const common: AccessBase = {
    format: plan.format,
    title: changeSet.titleOf(files),
    madeAt: facts.now,
    asOf: asOfOf(facts),
    options: plan.options,
    hosts,
    checks: [
      ...checkPrivateKeys(facts, changeSet, privateKeyLocations),
      ...checks,
      ...checkElsewhere(locations),
      ...(acknowledgesUnreadable(plan.kind, privateKeyLocations.length)
        ? drafts.flatMap((draft) => checkUnreadableKeys(changeSet, draft))
        : []),
      ...drafts.flatMap((draft) => [
        ...draft.checks,
        ...checksOf(readChangeSet(plan, facts, draft.facts), draft, {
          now: facts.now,
          options: plan.options,
        }),
      ]),
    ],
    leftOut: [...drafts.flatMap(({ leftOut }) => leftOut), ...locations.map(formatElsewhere)],
    remaining: remainingOf(changeSet, drafts, elsewhere.flatMap(toRemaining)),
    confirm: chooseConfirmation(drafts.filter(({ files }) => files.length > 0)),
  };
  const keys = {
    oldKey: changeSet.oldKey,
    newKey: newKeyNow(plan, facts),
    here,
    verificationKey: findVerificationKey(facts),
  };
  return withKeys(plan.kind, keys, common);
}

/** A key that is only granted is verified with its private key, if that is on this computer. */
function newKeyNow(plan: AccessPlan, { provided }: PlanFacts): NewKey | null {
  return plan.kind === "add-grants" ? { ...plan.newKey, path: provided?.path ?? null } : newKeyOf(plan);
}

/** A string: an untrue statement of the plan about the host. */
function reviewHost(
  plan: AccessPlan,
  facts: PlanFacts,
  { host, now }: { host: AccessHost; now: HostFacts },
): Draft | string {
  const draft = openDraft(now);
  const blocked = checkHost(now);
  if (blocked) {
    draft.checks.push({ ...blocked, state: "refused" });
    draft.files.push(...host.files);
    draft.privateKeyLocations.push(...host.privateKeyLocations);
    draft.verifications.push(...host.verifications);
    return draft;
  }
  if (host.hostKey !== now.hostKey)
    return `${formatHost(host)} has the host key ${now.hostKey ?? "that is not known"}, and the plan says ${host.hostKey}`;
  const changeSet = readChangeSet(plan, facts, now);
  for (const file of host.files) {
    const error = reviewFile({ facts, changeSet, draft }, file);
    if (error) return `${formatHost(host)}: ${error}`;
  }
  draft.privateKeyLocations.push(
    ...reviewPrivateKeys(
      plan,
      host.privateKeyLocations,
      { known: now.privateKeyLocations, host: now },
      draft.checks,
    ),
  );
  return draft;
}

/** The private keys as they are now; a check reports one that is missing, or that the plan does not have. */
function reviewPrivateKeys(
  { kind }: AccessPlan,
  planned: readonly PrivateKeyPlan[],
  { known, host }: { known: readonly PrivateKeyFacts[]; host: HostFacts | null },
  checks: Check[],
): PrivateKeyPlan[] {
  const where = host ? "" : " here";
  const toCheck = (state: Check["state"], owner: string, text: string) =>
    checks.push(makeCheck(state, "private-key", { host, account: host ? owner : null }, text));
  for (const privateKey of kind === "rotate-key" ? known : []) {
    const { path, owner, stuck, possession } = privateKey;
    const isSaid = planned.some((one) => one.path === path) || (host === null && stuck !== null);
    if (!isSaid && stuck === null && possession.kind === "other-key") {
      checks.push(otherKey(host, privateKey));
      continue;
    }
    const why = stuck ?? "the plan leaves it out";
    if (!isSaid) toCheck("acknowledge", owner, `the private key ${path}${where} is not replaced: ${why}`);
  }
  return planned.map((privateKey) => {
    const now = known.find((one) => one.path === privateKey.path && one.kind === privateKey.kind);
    if (now && now.stuck === null && now.before === privateKey.before) return toPrivateKeyPlan(host, now);
    const why = now?.stuck ? ` (${now.stuck})` : "";
    toCheck(
      "refused",
      privateKey.owner,
      `${privateKey.path}${where} does not hold the old key as the plan has it${why}; plan it again`,
    );
    return privateKey;
  });
}

/** The old key still logs in there, so its private keys are kept. */
function checkElsewhere(locations: readonly string[]): Check[] {
  if (locations.length === 0) return [];
  const more = locations.length > 3 ? ` and ${locations.length - 3} more` : "";
  const text = `the old key is granted to ${locations.slice(0, 3).join(", ")}${more}, too, and the plan leaves it there`;
  return [makeCheck("acknowledge", "file", { host: null }, text)];
}

const toRemaining = ({ host, port, account, fingerprint, effective }: ElsewhereGrant): RemainingAccess[] =>
  effective === "no" ? [] : [{ host, port, account, fingerprint, isCertain: false }];

const formatElsewhere = (location: string): string =>
  `${location}: the old key stays: the plan leaves it out`;

type FileReview = { facts: PlanFacts; changeSet: ChangeSet; draft: Draft };

/**
 * Puts a file of an imported plan into the draft of its host, shown as it is now and verified as it can be now;
 * anything in the way becomes a check that refuses. Returns an untrue statement of the plan about it.
 */
function reviewFile(request: FileReview, file: FilePlan): string | null {
  const { draft, changeSet } = request;
  const host = draft.facts;
  const found = host.files.find(({ path, realPath }) => (realPath ?? path) === file.path);
  const stop = (id: string, why: string): null => {
    refuse(draft, file, { id, why });
    draft.files.push(file);
    return null;
  };
  if (!found || found.stand.kind === "absent") return stop("file", `${file.path} is not there any more`);
  if (found.creates !== file.creates) return stop("changed", `${file.path} is there by now`);
  const { stand } = found;
  if (stand.bytes === null) return stop("file", `${file.path} cannot be read: ${formatWhy(stand)}`);
  if (hashBytes(stand.bytes) !== file.before)
    return stop("changed", `${file.path} was changed since the plan was made`);
  const open: OpenFile = { ...found, stand, bytes: stand.bytes };
  const error = findEdit(open, file);
  if (error) return error;
  const obstacle = findObstacle(host, open, numbersOf(open.bytes, file.removed ?? []));
  if (obstacle) return stop(obstacle.id, obstacle.why);
  if (readersOf(changeSet, host, found).length === 0) return stop("file", `sshd does not read ${file.path}`);
  return keep(request, open, file);
}

function refuse(draft: Draft, { account }: FilePlan, { id, why }: { id: string; why: string }): void {
  draft.checks.push(makeCheck("refused", id, { host: draft.facts, account }, `${why}; plan it again`));
}

const formatWhy = (stand: OpenFile["stand"]): string => (stand.kind === "refused" ? stand.why : "");

/** Whether the plan shows what it would make of the file's bytes. */
function findEdit({ bytes }: OpenFile, file: FilePlan): string | null {
  const stages = fillStages(file, NEW_KEY_PLACEHOLDER);
  const isFitting = stages && applyEdits(bytes, stages.added) && applyEdits(bytes, stages.removed);
  if (!isFitting) return `${file.path} has other bytes than the plan would take from it`;
  return JSON.stringify(diffLines(bytes, file)) === JSON.stringify(file.hunks)
    ? null
    : `${file.path} would be changed otherwise than the plan shows`;
}

function keep({ facts, changeSet, draft }: FileReview, open: OpenFile, file: FilePlan): null {
  const host = draft.facts;
  const { stand, bytes } = open;
  if (stand.kind !== "file") return null;
  const lines = changedLines(bytes, file);
  const verified = { options: lines[0]?.options ?? "", isAuthority: lines.some(isAuthority) };
  const verifications = readersOf(changeSet, host, open).map((account) => ({
    account: account.name,
    verification: chooseVerification(facts, changeSet, { host, account, file: open }, verified),
  }));
  for (const verification of verifications) addVerification(draft, verification);
  const without = verifications
    .map(({ verification }) => verification)
    .find((verification) => verification.kind === "none");
  if (without && changeSet.verifies === "new" && file.removed !== null)
    refuse(draft, file, {
      id: "unverified",
      why: `nothing can verify the new key (${without.why}), and the plan removes the old one from ${file.path}`,
    });
  const [account = file.account, ...others] = open.accounts;
  const { uid, gid, owner, mode } = stand;
  const { others: _, after: __, ...rest } = file;
  draft.isAuthority ||= verified.isAuthority || changeSet.verifies === "log";
  draft.files.push({
    ...rest,
    account,
    uid,
    gid,
    owner,
    mode,
    sizeBytes: bytes.length,
    ...(others.length > 0 ? { others } : {}),
    ...hashStages(bytes, file, changeSet.newKey?.kind === "provided" ? changeSet.newKey.line : null),
  });
  return null;
}

/** The new lines, as sshd reads them; for a removal, the removed ones. */
function changedLines(bytes: Uint8Array, file: FilePlan) {
  const numbers = numbersOf(bytes, file.removed ?? []);
  const gone = readAuthorizedKeys(bytes).filter(({ line }) => numbers.includes(line));
  const edits = fillStages(file, EXAMPLE_KEY)?.removed ?? [];
  const come = readAuthorizedKeys(Buffer.concat(edits.flatMap(({ inserted }) => [inserted, NEWLINE])));
  return come.length > 0 ? come : gone;
}

const NEWLINE = Buffer.from("\n");
