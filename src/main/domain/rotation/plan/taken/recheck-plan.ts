import { checkHolders } from "#domain/rotation/plan/checks/check-holders.ts";
import { checkHost } from "#domain/rotation/plan/checks/check-host.ts";
import { otherKey } from "#domain/rotation/plan/checks/check-possession.ts";
import { asksUnreadable, checkUnreadableKeys } from "#domain/rotation/plan/checks/check-unread-keys.ts";
import { checksOf } from "#domain/rotation/plan/checks/checks-of.ts";
import { chooseConfirmation } from "#domain/rotation/plan/confirm.ts";
import { type Draft, makeCheck, openDraft, placeOf, type Unplannable } from "#domain/rotation/plan/draft.ts";
import { toHolderPlan } from "#domain/rotation/plan/draft-host.ts";
import { asOfOf, provesWith, remainingOf, toAccessHost, withKeys } from "#domain/rotation/plan/make-plan.ts";
import { orderHosts } from "#domain/rotation/plan/order-hosts.ts";
import type { HolderFacts, HostFacts, PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import { prepareFacts } from "#domain/rotation/plan/prepare-facts.ts";
import {
  type AccessBase,
  type AccessHost,
  type AccessPlan,
  type Check,
  type HolderPlan,
  holdersHere,
  type KeyPlan,
  type NewKey,
  newKeyOf,
} from "#shared/model/plan.ts";
import type { RemainingAccess } from "#shared/model/remaining-access.ts";
import { formatAccount } from "#shared/text/account.ts";
import { aimOf } from "./aim-of.ts";
import { recheckFile } from "./recheck-file.ts";
import { recheckHostKey } from "./recheck-host-key.ts";
import { refuseLie } from "./refuse-lie.ts";

/** `hosts` of the facts are those of the plan; `elsewhere`: where else the old key is granted, by the inventory. */
export type Recheck = { plan: KeyPlan; facts: PlanFacts; elsewhere: readonly ElsewhereGrant[] };

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
 * A plan from elsewhere with the same changes, and everything else as it is by now: what it shows, who proves it, what was
 * checked, what has to be agreed to and typed. What it says and is not so refuses it.
 */
export function recheckPlan({ plan, ...asked }: Recheck): KeyPlan | Unplannable {
  return plan.kind === "rotate-host-key"
    ? recheckHostKey(plan, asked.facts)
    : recheckAccess(plan, asked.facts, asked.elsewhere);
}

function recheckAccess(
  plan: AccessPlan,
  known: PlanFacts,
  elsewhere: readonly ElsewhereGrant[],
): AccessPlan | Unplannable {
  const facts = prepareFacts(known);
  const newKey = newKeyOf(plan);
  if (newKey?.kind === "given" && facts.given?.line !== newKey.line)
    return refuseLie(`its new key is not the one in ${newKey.path ?? "it"}`);
  const drafts: Draft[] = [];
  for (const host of plan.hosts) {
    const now = facts.hosts.find((one) => placeOf(one) === placeOf(host));
    const draft = now ? recheckHost(plan, facts, { host, now }) : `${placeOf(host)} is not known here`;
    if (typeof draft === "string") return refuseLie(draft);
    drafts.push(draft);
  }
  const checks: Check[] = [];
  const here = redoHolders(plan, holdersHere(plan), { known: facts.here, host: null }, checks);
  const hosts = orderHosts(drafts, plan.options).map(({ draft, batch }) => toAccessHost(draft, batch));
  const aim = aimOf(plan, facts, null);
  const holders = [...here, ...hosts.flatMap((host) => host.holders)];
  const files = hosts.flatMap((host) => host.files);
  const places = [...new Set(elsewhere.map((one) => `${formatAccount(one)} (${one.file})`))];
  const common: AccessBase = {
    format: plan.format,
    title: aim.titleOf(files),
    madeAt: facts.now,
    asOf: asOfOf(facts),
    options: plan.options,
    hosts,
    checks: [
      ...checkHolders(facts, aim, holders),
      ...checks,
      ...checkElsewhere(places),
      ...(asksUnreadable(plan.kind, holders.length)
        ? drafts.flatMap((draft) => checkUnreadableKeys(aim, draft))
        : []),
      ...drafts.flatMap((draft) => [
        ...draft.checks,
        ...checksOf(aimOf(plan, facts, draft.facts), draft, { now: facts.now, options: plan.options }),
      ]),
    ],
    leftOut: [...drafts.flatMap(({ leftOut }) => leftOut), ...places.map(formatElsewhere)],
    remaining: remainingOf(aim, drafts, elsewhere.flatMap(toRemaining)),
    confirm: chooseConfirmation(drafts.filter(({ files }) => files.length > 0)),
  };
  const keys = { oldKey: aim.oldKey, newKey: newKeyNow(plan, facts), here, provesWith: provesWith(facts) };
  return withKeys(plan.kind, keys, common);
}

/** A key that is only let in is proved by whatever half of it lies on this computer. */
function newKeyNow(plan: AccessPlan, { given }: PlanFacts): NewKey | null {
  return plan.kind === "add-grants" ? { ...plan.newKey, path: given?.path ?? null } : newKeyOf(plan);
}

/** A sentence: what the plan says of the host that is not so. */
function recheckHost(
  plan: AccessPlan,
  facts: PlanFacts,
  { host, now }: { host: AccessHost; now: HostFacts },
): Draft | string {
  const draft = openDraft(now);
  const blocked = checkHost(now);
  if (blocked) {
    draft.checks.push({ ...blocked, state: "refused" });
    draft.files.push(...host.files);
    draft.holders.push(...host.holders);
    draft.proofs.push(...host.proofs);
    return draft;
  }
  if (host.hostKey !== now.hostKey)
    return `${placeOf(host)} has the host key ${now.hostKey ?? "that is not known"}, and the plan says ${host.hostKey}`;
  const aim = aimOf(plan, facts, now);
  for (const file of host.files) {
    const flaw = recheckFile({ facts, aim, draft }, file);
    if (flaw) return `${placeOf(host)}: ${flaw}`;
  }
  draft.holders.push(...redoHolders(plan, host.holders, { known: now.holders, host: now }, draft.checks));
  return draft;
}

/** The private halves as they are now; of one that is not, or that the plan does not have, a check tells. */
function redoHolders(
  { kind }: AccessPlan,
  planned: readonly HolderPlan[],
  { known, host }: { known: readonly HolderFacts[]; host: HostFacts | null },
  checks: Check[],
): HolderPlan[] {
  const where = host ? "" : " here";
  const say = (state: Check["state"], owner: string, text: string) =>
    checks.push(makeCheck(state, "holder", { host, account: host ? owner : null }, text));
  for (const holder of kind === "rotate-key" ? known : []) {
    const { path, owner, stuck, possession } = holder;
    const isSaid = planned.some((one) => one.path === path) || (host === null && stuck !== null);
    if (!isSaid && stuck === null && possession.kind === "other-key") {
      checks.push(otherKey(host, holder));
      continue;
    }
    const why = stuck ?? "the plan leaves it out";
    if (!isSaid) say("consent", owner, `the private key ${path}${where} is not replaced: ${why}`);
  }
  return planned.map((holder) => {
    const now = known.find((one) => one.path === holder.path && one.kind === holder.kind);
    if (now && now.stuck === null && now.before === holder.before) return toHolderPlan(host, now);
    const why = now?.stuck ? ` (${now.stuck})` : "";
    say(
      "refused",
      holder.owner,
      `${holder.path}${where} does not hold the old key as the plan has it${why}; plan it again`,
    );
    return holder;
  });
}

/** The old key goes on to count there, so its halves are kept. */
function checkElsewhere(places: readonly string[]): Check[] {
  if (places.length === 0) return [];
  const more = places.length > 3 ? ` and ${places.length - 3} more` : "";
  const text = `the old key is granted to ${places.slice(0, 3).join(", ")}${more}, too, and the plan leaves it there`;
  return [makeCheck("consent", "file", { host: null }, text)];
}

const toRemaining = ({ host, port, account, fingerprint, effective }: ElsewhereGrant): RemainingAccess[] =>
  effective === "no" ? [] : [{ host, port, account, fingerprint, isCertain: false }];

const formatElsewhere = (place: string): string => `${place}: the old key stays: the plan leaves it out`;
