import { type Aim, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { PlanFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check, HolderPlan } from "#shared/model/plan.ts";

/** Who has the private half of the key that goes, and whether they get the new one. */
export function checkHolders(
  { key, wish, here }: PlanFacts,
  aim: Aim,
  holders: readonly HolderPlan[],
): Check[] {
  if (wish.kind !== "rotate-key" || !key) return [];
  const stuck = here.flatMap(({ path, stuck: why }) =>
    why === null
      ? []
      : [
          makeCheck(
            "consent",
            "holder",
            { host: null },
            `the private key ${path} here is not replaced: ${why}`,
          ),
        ],
  );
  const people = key.people.length > 0 ? `; by the roster it is ${key.people.join(", ")}'s` : "";
  if (holders.length > 0) {
    const text = `the private half is known in ${holders.length === 1 ? "one place" : `${holders.length} places`}${people}`;
    return [...stuck, makeCheck("ok", "holders", { host: null }, text)];
  }
  if (aim.newKey?.kind === "given" && aim.newKey.path === null) {
    const text = `whoever made the new key has its private half${people}; the old one goes once a log tells of a login by it`;
    return [...stuck, makeCheck("warning", "holders", { host: null }, text)];
  }
  const text = `no private half of the key is known${people}: whoever holds it is shut out when it is removed`;
  return [...stuck, makeCheck("consent", "holders", { host: null }, text)];
}
