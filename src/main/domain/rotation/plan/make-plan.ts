import { assertNever } from "#shared/model/assert-never.ts";
import type { Check, HolderPlan, HostPlan, Plan } from "#shared/model/plan.ts";
import { sayCount } from "#shared/text/count.ts";
import { aimAddition, aimAuthority, aimRemoval, aimTightening } from "./aim-grants.ts";
import { aimRotation } from "./aim-rotation.ts";
import { checkAccounts } from "./checks/check-accounts.ts";
import { checkDeadMan } from "./checks/check-dead-man.ts";
import { checkHolders } from "./checks/check-holders.ts";
import { checkOwnLogin } from "./checks/check-own-login.ts";
import { checkWaysIn } from "./checks/check-ways-in.ts";
import { chooseConfirmation } from "./confirm.ts";
import { type Aim, type Draft, makeCheck, type Unplannable } from "./draft.ts";
import { draftHost, toHolderPlan } from "./draft-host.ts";
import { mergeFiles } from "./merge-files.ts";
import { isProduction, orderHosts } from "./order-hosts.ts";
import type { HolderFacts, PlanFacts } from "./plan-facts.ts";
import { planHostKey } from "./plan-host-key.ts";

/** What is to be done for a wish, on the hosts as they are now. It is the same whenever the facts are. */
export function makePlan(known: PlanFacts): Plan | Unplannable {
  const facts = withoutHalf(withEachFileOnce(known));
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
    title: `${aim.title} on ${sayCount(hosts.length, "host")}`,
    madeAt: facts.now,
    oldKey: aim.oldKey,
    newKey: aim.newKey,
    options: facts.options,
    hosts,
    here,
    checks: [
      ...(files.length === 0 ? [refuseNothing(facts, drafts)] : []),
      ...checkHolders(facts, aim, holders),
      ...drafts.flatMap((draft) => [...draft.checks, ...checksOf(aim, draft)]),
    ],
    leftOut: drafts.flatMap(({ leftOut }) => leftOut),
    confirm: chooseConfirmation(changed.filter((draft) => draft.files.length > 0)),
  };
}

const withEachFileOnce = (facts: PlanFacts): PlanFacts => ({
  ...facts,
  hosts: facts.hosts.map((host) => ({ ...host, files: mergeFiles(host.files) })),
});

/** A new key of which only the public half was given can be put in no old one's place. */
function withoutHalf(facts: PlanFacts): PlanFacts {
  if (facts.wish.kind !== "rotate-key" || !facts.given || facts.given.path !== null) return facts;
  const stuck = "the new key's private half is not on this computer: whoever has it puts it there";
  const leave = (holders: readonly HolderFacts[]) =>
    holders.map((holder) => ({ ...holder, stuck: holder.stuck ?? stuck }));
  const hosts = facts.hosts.map((host) => ({ ...host, holders: leave(host.holders) }));
  return { ...facts, here: leave(facts.here), hosts };
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

function checksOf(aim: Aim, draft: Draft): Check[] {
  const production = makeCheck("warning", "production", { host: draft.facts }, "it is labelled production");
  return [
    ...(isProduction(draft) && draft.files.length > 0 ? [production] : []),
    ...checkAccounts(draft),
    ...checkWaysIn(aim, draft),
    ...checkOwnLogin(aim, draft),
    ...checkDeadMan(aim, draft),
  ];
}

/** Private halves of this computer that can be replaced; what cannot is said by a check. */
const hereOf = ({ here }: PlanFacts): HolderPlan[] =>
  here.filter(({ stuck }) => stuck === null).map((holder) => toHolderPlan(null, holder));

function refuseNothing({ wish, key }: PlanFacts, drafts: readonly Draft[]): Check {
  const why = drafts.some(({ checks, leftOut }) => checks.length + leftOut.length > 0)
    ? "nothing is left that can be changed: what was left out is said below"
    : wish.kind === "rotate-key"
      ? `${key?.fingerprint ?? "the key"} is granted nowhere that is known`
      : "nothing is to be changed";
  return makeCheck("refused", "nothing-to-do", { host: null }, why);
}

const toHostPlan = ({ facts, files, holders, proofs }: Draft, batch: number): HostPlan => ({
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
