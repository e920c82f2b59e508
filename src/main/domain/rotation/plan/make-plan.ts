import { assertNever } from "#shared/model/assert-never.ts";
import type { Check, HolderPlan, HostPlan, Plan } from "#shared/model/plan.ts";
import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import { sayCount } from "#shared/text/count.ts";
import { aimAddition, aimAuthority, aimRemoval, aimTightening } from "./aim-grants.ts";
import { aimRotation } from "./aim-rotation.ts";
import { checkHolders } from "./checks/check-holders.ts";
import { checkOrigins } from "./checks/check-origins.ts";
import { asksUnread, checkUnreadKeys } from "./checks/check-unread-keys.ts";
import { checksOf } from "./checks/checks-of.ts";
import { proofHolder } from "./choose-proof.ts";
import { chooseConfirmation } from "./confirm.ts";
import { type Aim, type Draft, makeCheck, type Unplannable } from "./draft.ts";
import { draftHost, toHolderPlan } from "./draft-host.ts";
import { orderHosts } from "./order-hosts.ts";
import type { PlanFacts } from "./plan-facts.ts";
import { planHostKey } from "./plan-host-key.ts";
import { prepareFacts } from "./prepare-facts.ts";
import { findRemaining, mergeAccess } from "./remaining-access.ts";

/** What is to be done for a wish, on the hosts as they are now. It is the same whenever the facts are. */
export function makePlan(known: PlanFacts): Plan | Unplannable {
  const facts = prepareFacts(known);
  if (facts.wish.kind === "rotate-host-key") return planHostKey(facts, facts.wish);
  const aim = chooseAim(facts);
  if ("refused" in aim) return aim;
  const drafts = facts.hosts.map((host) => draftHost(facts, aim, host));
  const changed = drafts.filter(({ files, holders }) => files.length + holders.length > 0);
  const hosts = orderHosts(changed, facts.options).map(({ draft, batch }) => toHostPlan(draft, batch));
  const here = facts.wish.kind === "rotate-key" ? hereOf(facts) : [];
  const holders = [...here, ...hosts.flatMap((host) => host.holders)];
  const files = hosts.flatMap((host) => host.files);
  return {
    format: "latchkey-plan-1",
    kind: facts.wish.kind,
    title: `${aim.titleOf(files)} on ${sayCount(hosts.length, "host")}`,
    madeAt: facts.now,
    ...asOfOf(facts),
    oldKey: aim.oldKey,
    newKey: aim.newKey,
    ...provesWith(facts),
    options: facts.options,
    hosts,
    here,
    checks: [
      ...(files.length === 0 ? [refuseNothing(facts, drafts)] : []),
      ...checkHolders(facts, aim, holders),
      ...(asksUnread(facts.wish.kind, holders.length)
        ? drafts.flatMap((draft) => checkUnreadKeys(aim, draft))
        : []),
      ...drafts.flatMap((draft) => [
        ...draft.checks,
        ...checksOf(aim, draft, facts),
        ...checkOrigins(facts, draft),
      ]),
    ],
    leftOut: drafts.flatMap(({ leftOut }) => leftOut),
    ...remainingOf(aim, drafts),
    confirm: chooseConfirmation(changed.filter((draft) => draft.files.length > 0)),
  };
}

function chooseAim(facts: PlanFacts): Aim | Unplannable {
  const { wish } = facts;
  switch (wish.kind) {
    case "rotate-key":
      return aimRotation(facts);
    case "add-grants":
      return aimAddition(facts, wish);
    case "remove-grants":
      return aimRemoval(facts, wish);
    case "tighten-grants":
      return aimTightening(facts, wish);
    case "move-to-authority":
      return aimAuthority(facts, wish);
    case "rotate-host-key":
      throw new Error("this is planned elsewhere");
    default:
      return assertNever(wish);
  }
}

/** With what is known of files that the plan does not have. */
export function remainingOf(
  aim: Aim,
  drafts: readonly Draft[],
  elsewhere: readonly RemainingAccess[] = [],
): { remaining?: RemainingAccess[] } {
  const remaining = mergeAccess([...findRemaining(aim, drafts), ...elsewhere]);
  return remaining.length === 0 ? {} : { remaining };
}

/** Since the first of its bundles was collected nothing was looked at. */
export function asOfOf({ hosts }: PlanFacts): Pick<Plan, "asOf"> {
  const [first] = hosts.flatMap(({ asOf }) => asOf ?? []).toSorted();
  return first === undefined ? {} : { asOf: first };
}

/** What stays where it is, and only logs in. */
export function provesWith(facts: PlanFacts): Pick<Plan, "provesWith"> {
  const holder = facts.wish.kind === "tighten-grants" ? proofHolder(facts) : null;
  return holder?.kind === "file" ? { provesWith: holder.path } : {};
}

/** Private halves of this computer that can be replaced; what cannot is said by a check. */
const hereOf = ({ here }: PlanFacts): HolderPlan[] =>
  here
    .filter(({ stuck, possession }) => stuck === null && possession.kind !== "other-key")
    .map((holder) => toHolderPlan(null, holder));

function refuseNothing({ wish, key }: PlanFacts, drafts: readonly Draft[]): Check {
  const why = drafts.some(({ checks, leftOut }) => checks.length + leftOut.length > 0)
    ? "nothing is left that can be changed: what was left out is said below"
    : wish.kind === "rotate-key"
      ? `${key?.fingerprint ?? "the key"} is granted nowhere that is known`
      : "nothing is to be changed";
  return makeCheck("refused", "nothing-to-do", { host: null }, why);
}

export const toHostPlan = ({ facts, files, holders, proofs }: Draft, batch: number): HostPlan => ({
  host: facts.host,
  port: facts.port,
  user: facts.user,
  useSudo: facts.useSudo,
  batch,
  hostKey: facts.hostKey ?? "",
  deadMan: facts.deadMen[0] ?? null,
  files,
  holders,
  proofs,
});
