import type { Announcement } from "#shared/contract/events.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";
import type { PlanWhat, ReviewItem, ReviewItemState, UnplannedAccount } from "#shared/model/access/review.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatLeaveOut } from "#shared/text/access/review-numbers.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import type { ReviewRecord } from "#store/reviews/review-store.ts";
import type { Store } from "#store/store.ts";
import { findItem } from "./decide.ts";
import { findProblems } from "./verify-review.ts";

type PlanInput = { options: PlanOptions; identityFiles: readonly string[]; mayPrompt: boolean };

/** What other features do for a review. `onBegun` is written with the plan itself, or refuses it. */
export type ReviewTools = {
  makePlan: (
    plan: PlanInput & { request: PlanRequest; onBegun: (planId: PlanId) => void },
  ) => Promise<{ planId: PlanId }>;
  setOwner: (things: readonly Labelled[], owner: string) => Promise<unknown>;
};

type PlanningDeps = ReviewTools & {
  store: Store;
  announce: (announcement: Announcement) => void;
  now: () => Date;
  findReview: (name: string) => ReviewRecord;
};

type Planned = {
  planId: PlanId | null;
  grants: number;
  accounts: number;
  reassigned: number;
  /** Of the items that were not to be planned: those of which something is to be done. */
  leftOut: number;
  /** Accounts that no plan disables, each with the reason. */
  unplanned: UnplannedAccount[];
};

/** A plan takes so many grants, or accounts; the rest is in the next one. */
const MOST_GRANTS = 10_000;
const MOST_ACCOUNTS = 1_000;
/** What a plan takes of reasons. */
const LONGEST_REASON = 1_000;
/** So many accounts are labelled at once. */
const MOST_LABELLED = 1_000;

/** What is planned of a review. `replaced`: plans of the same kind that nobody has applied, for which the new one stands. */
type Work = PlanInput & {
  review: ReviewRecord;
  what: PlanWhat;
  except: ReadonlySet<number>;
  replaced: readonly PlanId[];
};

const KINDS = { grants: "remove-grants", accounts: "disable-account" } as const;

/** What was decided is done: owners are set here, grants and accounts go by one plan each. */
export function createPlanning(deps: PlanningDeps) {
  const { store, findReview } = deps;
  return { plan };

  async function plan({
    review: name,
    what,
    except,
    ...input
  }: PlanInput & { review: string; what: PlanWhat; except: readonly number[] }): Promise<Planned> {
    const review = findReview(name);
    const problems = await findProblems(store, review);
    if (problems.length > 0)
      throw new Refusal("conflict", `nothing is done for review ${name}: ${problems.join("; ")}`);
    const replaced = store.reviews.plans.unapplied(review.id, KINDS[what]);
    const work: Work = { ...input, review, what, except: new Set(except), replaced };
    const left = [...work.except].map((item) => findItem(store, review, item)).filter(isUndone(work));
    const accounts = itemsIn(store, work, "to-disable", MOST_ACCOUNTS);
    const chosen = accounts.filter((item) => refusalOf(item) === null);
    const known = { leftOut: left.length, unplanned: accounts.flatMap(toUnplanned) };
    if (what === "accounts") {
      refuseParted(chosen, left);
      return { ...(await disable(deps, work, chosen)), ...known, reassigned: 0 };
    }
    const owners = await reassign(itemsIn(store, work, "to-reassign", MOST_GRANTS), review, deps);
    const revoked = await revoke(deps, work, chosen);
    return {
      ...revoked,
      ...known,
      accounts: chosen.length,
      reassigned: owners.reassigned,
      unplanned: [...known.unplanned, ...owners.left],
    };
  }

  /** Why no plan disables an account that was revoked; null where one does. */
  function refusalOf({ evidence }: ReviewItem): UnplannedAccount["why"] | null {
    if (evidence.uid === 0) return "root";
    return store.reviews.candidates.isThere(evidence) ? null : "gone";
  }

  function toUnplanned(item: ReviewItem): UnplannedAccount[] {
    const why = refusalOf(item);
    return why === null ? [] : [{ ...addressOf(item), why }];
  }
}

type WorkState = "to-reassign" | "to-revoke" | "to-disable";

function itemsIn(
  store: Store,
  { review, except, replaced }: Work,
  state: WorkState,
  limit: number,
): ReviewItem[] {
  return store.reviews.items
    .inState(review.id, state, { except: [...except], replaced, limit })
    .map((item) => findItem(store, review, item));
}

/** Something is to be done of it, were it not left out. */
const isUndone =
  ({ replaced }: Work) =>
  ({ state, planId }: ReviewItem): boolean =>
    ["to-reassign", "to-revoke", "to-disable"].includes(state) ||
    (state === "planned" && planId !== null && replaced.includes(planId));

/** To disable an account takes all that opens it. */
function refuseParted(accounts: readonly ReviewItem[], left: readonly ReviewItem[]): void {
  const disabled = new Map(accounts.map((item) => [nameOf(item), item.item]));
  for (const item of left) {
    const account = item.evidence.kind === "grant" ? disabled.get(nameOf(item)) : undefined;
    if (account !== undefined)
      throw new Refusal(
        "conflict",
        `item ${item.item} goes with the account ${formatAccount(item.evidence)}, item ${account}: leave out ${account}, too`,
      );
  }
}

/** Grants of accounts that are to be disabled go with these. */
async function revoke(
  deps: PlanningDeps,
  work: Work,
  accounts: readonly ReviewItem[],
): Promise<{ planId: PlanId | null; grants: number }> {
  const { items } = deps.store.reviews;
  const disabled = new Set(accounts.map(nameOf));
  const chosen: { item: number; grants: number[] }[] = [];
  let grants = 0;
  for (const item of itemsIn(deps.store, work, "to-revoke", MOST_GRANTS)) {
    const standing = items.standing(work.review.id, item.item);
    if (standing.length === 0 || disabled.has(nameOf(item))) continue;
    if (grants + standing.length > MOST_GRANTS) break;
    chosen.push({ item: item.item, grants: standing });
    grants += standing.length;
  }
  if (grants === 0) return { planId: null, grants: 0 };
  const request: PlanRequest = {
    kind: "remove-grants",
    grants: [...new Set(chosen.flatMap((one) => one.grants))],
  };
  const parts = [{ state: "to-revoke" as const, items: chosen.map(({ item }) => item) }];
  return { planId: await begin(deps, work, { request, parts }), grants };
}

async function disable(
  deps: PlanningDeps,
  work: Work,
  accounts: readonly ReviewItem[],
): Promise<{ planId: PlanId | null; grants: number; accounts: number }> {
  if (accounts.length === 0) return { planId: null, grants: 0, accounts: 0 };
  const disabled = new Set(accounts.map(nameOf));
  const revoked = itemsIn(deps.store, work, "to-revoke", MOST_GRANTS);
  const grants = revoked.filter((item) => disabled.has(nameOf(item)));
  const reasons = new Set(accounts.map(({ decision }) => decision?.reason ?? ""));
  const reason = `review ${work.review.name}: ${[...reasons].join("; ")}`.slice(0, LONGEST_REASON);
  const request: PlanRequest = { kind: "disable-account", accounts: accounts.map(addressOf), reason };
  const parts = [
    { state: "to-disable" as const, items: accounts.map(({ item }) => item) },
    { state: "to-revoke" as const, items: grants.map(({ item }) => item) },
  ];
  const planId = await begin(deps, work, { request, parts });
  return { planId, grants: grants.length, accounts: accounts.length };
}

type Part = { state: ReviewItemState; items: readonly number[] };

/** Begins the plan. What is refused before it is written may be one item alone: the sentence says how the others are planned. */
async function begin(
  deps: PlanningDeps,
  { review, what, replaced, except: _, ...input }: Work,
  { request, parts }: { request: PlanRequest; parts: readonly Part[] },
): Promise<PlanId> {
  let isBegun = false;
  const onBegun = (planId: PlanId): void => {
    isBegun = true;
    for (const plan of replaced) dropReplaced(deps, plan);
    claimItems(deps, { review, planId, parts });
  };
  try {
    const { planId } = await deps.makePlan({ ...input, request, onBegun });
    for (const plan of replaced) deps.announce({ kind: "plan-changed", planId: plan });
    return planId;
  } catch (error) {
    if (!(error instanceof Refusal) || isBegun) throw error;
    const command = formatLeaveOut({ name: review.name, what, items: [] });
    throw new Refusal(error.code, `${error.message}; to plan the rest, leave it out: ${command}`);
  }
}

function dropReplaced({ store, now }: PlanningDeps, plan: PlanId): void {
  if (!store.runbooks.plans.drop(plan))
    throw new Refusal("conflict", `plan ${plan} was applied meanwhile; plan again`);
  store.events.append({ at: toInstant(now()), kind: "plan-dropped", detail: { plan } });
}

/** Gives items to a plan as it is written: what somebody has decided or planned meanwhile refuses it. */
function claimItems(
  { store, now }: PlanningDeps,
  { review, planId, parts }: { review: ReviewRecord; planId: PlanId; parts: readonly Part[] },
): void {
  const at = toInstant(now());
  for (const { state, items } of parts)
    for (const item of items) {
      if (findItem(store, review, item).state !== state)
        throw new Refusal("conflict", `item ${item} was decided or planned meanwhile; plan again`);
      store.reviews.items.setPlan(review.id, item, planId);
    }
  store.reviews.plans.add(review.id, planId, at);
  const items = parts.flatMap((part) => part.items);
  const detail = { name: review.name, plan: planId, items };
  store.events.append({ at, kind: "review-planned", detail });
}

/** Of several decisions about one account the latest counts. */
async function reassign(
  items: readonly ReviewItem[],
  review: ReviewRecord,
  { store, setOwner }: Pick<PlanningDeps, "store" | "setOwner">,
): Promise<{ reassigned: number; left: UnplannedAccount[] }> {
  const owners = new Map(
    (items.length > 0 ? store.reviews.items.reassigned(review.id) : []).map(({ to, ...address }) => [
      JSON.stringify(address),
      to,
    ]),
  );
  const left = new Map<string, UnplannedAccount>();
  const chosen = new Map<string, { owner: string; item: ReviewItem }>();
  for (const item of items) {
    const [address, owner] = [addressOf(item), item.decision?.to ?? ""];
    const name = JSON.stringify(address);
    if (owners.get(name) !== owner) left.set(name, { ...address, why: "owners" });
    else if (!store.reviews.candidates.isThere(item.evidence)) left.set(name, { ...address, why: "gone" });
    else chosen.set(name, { owner, item });
  }
  for (const [owner, theirs] of Map.groupBy(chosen.values(), (one) => one.owner)) {
    const things = theirs.map(({ item }) => toLabelled(item));
    for (let at = 0; at < things.length; at += MOST_LABELLED)
      await setOwner(things.slice(at, at + MOST_LABELLED), owner);
  }
  return { reassigned: chosen.size, left: [...left.values()] };
}

const addressOf = ({ evidence: { host, port, account } }: ReviewItem) => ({ host, port, account });

const nameOf = (item: ReviewItem): string => JSON.stringify(addressOf(item));

const toLabelled = ({ evidence: { host, port, account } }: ReviewItem): Labelled => ({
  kind: "account",
  host,
  port,
  name: account,
});
