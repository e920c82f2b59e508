import { planDisable } from "#domain/runs/disable/plan-disable.ts";
import { planHostKey } from "#domain/runs/host-key/plan-host-key.ts";
import { findRemaining, mergeAccess } from "#domain/runs/left-out-files.ts";
import { chooseConfirmation, orderHosts, toPlannedHost } from "#domain/runs/planned-hosts.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type {
  AccessBase,
  AccessHost,
  AccessPlan,
  Check,
  KeyPlan,
  NewKey,
  PrivateKeyPlan,
  ProvidedNewKey,
} from "#shared/model/runs/plan.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import type { RemainingAccess } from "#shared/model/runs/remaining-access.ts";
import { formatCount } from "#shared/text/count.ts";
import { addGrants, moveToAuthority, removeGrants, tightenGrants } from "./change-grants.ts";
import { replaceKey } from "./change-key.ts";
import {
  type ChangeSet,
  type Draft,
  fileFor,
  makeCheck,
  mergeFiles,
  type Unplannable,
} from "./change-set.ts";
import { checksOf } from "./checks/hosts.ts";
import { checkOrigins } from "./checks/logins.ts";
import { acknowledgesUnreadable, checkPrivateKeys, checkUnreadableKeys } from "./checks/private-keys.ts";
import { verifyingKey } from "./choose-verification.ts";
import { draftHost, toPrivateKeyPlan } from "./draft-host.ts";
import type { FileFacts, HostFacts, PlanFacts, PrivateKeyFacts } from "./plan-facts.ts";

/** The plan for a request, on the hosts as they are now. The same facts give the same plan. */
export function makePlan(known: PlanFacts): KeyPlan | Unplannable {
  const facts = prepareFacts(known);
  const { request } = facts;
  if (request.kind === "rotate-host-key") return planHostKey(facts, request);
  if (request.kind === "disable-account") return planDisable(known, request);
  const changeSet = chooseChangeSet(facts);
  if ("refused" in changeSet) return changeSet;
  const drafts = facts.hosts.map((host) => draftHost(facts, changeSet, host));
  const changed = drafts.filter(
    ({ files, privateKeyLocations }) => files.length + privateKeyLocations.length > 0,
  );
  const hosts = orderHosts(changed, facts.options).map(({ draft, batch }) => toAccessHost(draft, batch));
  const here = facts.request.kind === "rotate-key" ? hereOf(facts) : [];
  const privateKeyLocations = [...here, ...hosts.flatMap((host) => host.privateKeyLocations)];
  const files = hosts.flatMap((host) => host.files);
  const common: AccessBase = {
    format: "latchkey-plan-1",
    title: `${changeSet.titleOf(files)} on ${formatCount(hosts.length, "host")}`,
    madeAt: facts.now,
    asOf: asOfOf(facts),
    options: KeyOptions.parse(facts.options),
    hosts,
    checks: [
      ...(files.length === 0 ? [refuseNothing(facts, drafts)] : []),
      ...checkPrivateKeys(facts, changeSet, privateKeyLocations),
      ...(acknowledgesUnreadable(facts.request.kind, privateKeyLocations.length)
        ? drafts.flatMap((draft) => checkUnreadableKeys(changeSet, draft))
        : []),
      ...drafts.flatMap((draft) => [
        ...draft.checks,
        ...checksOf(changeSet, draft, facts),
        ...checkOrigins(facts, draft),
      ]),
    ],
    leftOut: drafts.flatMap(({ leftOut }) => leftOut),
    remaining: remainingOf(changeSet, drafts),
    confirm: chooseConfirmation(changed.filter((draft) => draft.files.length > 0)),
  };
  const { oldKey, newKey } = changeSet;
  return withKeys(
    request.kind,
    { oldKey, newKey, here, verificationKey: findVerificationKey(facts) },
    common,
  );
}

function chooseChangeSet(facts: PlanFacts): ChangeSet | Unplannable {
  const { request } = facts;
  switch (request.kind) {
    case "rotate-key":
      return replaceKey(facts);
    case "add-grants":
      return addGrants(facts, request);
    case "remove-grants":
      return removeGrants(facts, request);
    case "tighten-grants":
      return tightenGrants(facts, request);
    case "move-to-authority":
      return moveToAuthority(facts, request);
    case "rotate-host-key":
    case "disable-account":
      throw new Error("this is planned elsewhere");
    default:
      return assertNever(request);
  }
}

/** What only some kinds of plan have. */
type KeysOfPlan = {
  oldKey: string | null;
  newKey: NewKey | null;
  here: PrivateKeyPlan[];
  /** For a plan that tightens: a private key on this computer that logs in to verify it. */
  verificationKey: string | null;
};

/** The plan of that kind, with the keys that it is about. */
export function withKeys(
  kind: AccessPlan["kind"],
  { oldKey, newKey, here, verificationKey }: KeysOfPlan,
  common: AccessBase,
): AccessPlan {
  switch (kind) {
    case "rotate-key":
      if (oldKey === null || newKey === null) throw new Error("a rotation without a key");
      return { ...common, kind, oldKey, newKey, here };
    case "add-grants":
      return { ...common, kind, newKey: asProvided(newKey) };
    case "remove-grants":
      return { ...common, kind, oldKey };
    case "tighten-grants":
      return { ...common, kind, oldKey, verificationKey };
    case "move-to-authority":
      return { ...common, kind, oldKey, newKey: asProvided(newKey) };
    default:
      return assertNever(kind);
  }
}

function asProvided(newKey: NewKey | null): ProvidedNewKey {
  if (newKey?.kind !== "provided") throw new Error("a key that is only let in was given");
  return newKey;
}

/** Including what is known of files that the plan does not have. */
export function remainingOf(
  changeSet: ChangeSet,
  drafts: readonly Draft[],
  elsewhere: readonly RemainingAccess[] = [],
): RemainingAccess[] {
  return mergeAccess([...findRemaining(changeSet, drafts), ...elsewhere]);
}

/** When the first of its bundles was collected: nothing was inspected since. */
export function asOfOf({ hosts }: PlanFacts): Instant | null {
  const [first] = hosts.flatMap(({ asOf }) => asOf ?? []).toSorted();
  return first ?? null;
}

/** A private key that stays where it is, and only logs in. */
export function findVerificationKey(facts: PlanFacts): string | null {
  const privateKey = verifyingKey(facts);
  return privateKey?.kind === "file" ? privateKey.path : null;
}

/** Private keys of this computer that can be replaced; a check reports the others. */
const hereOf = ({ here }: PlanFacts): PrivateKeyPlan[] =>
  here
    .filter(({ stuck, possession }) => stuck === null && possession.kind !== "other-key")
    .map((privateKey) => toPrivateKeyPlan(null, privateKey));

function refuseNothing({ request, key }: PlanFacts, drafts: readonly Draft[]): Check {
  const why = drafts.some(({ checks, leftOut }) => checks.length + leftOut.length > 0)
    ? "nothing is left that can be changed: what was left out is said below"
    : request.kind === "rotate-key"
      ? `${key?.fingerprint ?? "the key"} is granted nowhere that is known`
      : "nothing is to be changed";
  return makeCheck("refused", "nothing-to-do", { host: null }, why);
}

export const toAccessHost = (draft: Draft, batch: number): AccessHost => {
  const { files, privateKeyLocations, verifications } = draft;
  return { ...toPlannedHost(draft, batch), files, privateKeyLocations, verifications };
};

/** The facts as plans use them: each real file once, and no private key replaced by one that is not here. */
export const prepareFacts = (facts: PlanFacts): PlanFacts =>
  withoutPrivateKey(withNewFiles(withEachFileOnce(facts)));

/** An account that should get a line and has no file for it gets one, if that is its own first. */
function withNewFiles(facts: PlanFacts): PlanFacts {
  if (facts.request.kind !== "add-grants") return facts;
  const hosts = facts.hosts.map((host) => ({
    ...host,
    files: host.files.map((file) => makeAnew(host, file)),
  }));
  return { ...facts, hosts };
}

function makeAnew(host: HostFacts, file: FileFacts): FileFacts {
  const lacks = file.stand.kind === "absent" ? file.stand.lacks : undefined;
  const account = host.accounts.find(
    ({ name, uid, consulted }) =>
      file.accounts.includes(name) &&
      uid === lacks?.uid &&
      consulted?.[0] === file.path &&
      fileFor(host, name) === null,
  );
  if (!account || !lacks) return file;
  const { uid, gid, name: owner } = account;
  const { creates, workFolder } = lacks;
  const empty = { kind: "file" as const, bytes: new Uint8Array(), mode: "0600", lockedBy: null, workFolder };
  return { ...file, creates, stand: { ...empty, uid, gid, owner } };
}

const withEachFileOnce = (facts: PlanFacts): PlanFacts => ({
  ...facts,
  hosts: facts.hosts.map((host) => ({ ...host, files: mergeFiles(host.files) })),
});

/** If only the public key of a new key was provided, it cannot replace any private key. */
function withoutPrivateKey(facts: PlanFacts): PlanFacts {
  if (facts.request.kind !== "rotate-key" || !facts.provided || facts.provided.path !== null) return facts;
  const stuck = "the new key's private key is not on this computer: whoever has it puts it there";
  const leave = (privateKeyLocations: readonly PrivateKeyFacts[]) =>
    privateKeyLocations.map((privateKey) => ({ ...privateKey, stuck: privateKey.stuck ?? stuck }));
  const hosts = facts.hosts.map((host) => ({
    ...host,
    privateKeyLocations: leave(host.privateKeyLocations),
  }));
  return { ...facts, here: leave(facts.here), hosts };
}
