import type { ImportedBundle } from "#shared/model/imported-bundle.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Store } from "#store/store.ts";
import { createReader } from "./describe-visit.ts";
import { differencesOf } from "./import-bundle.ts";
import { type BundlePlan, planBundle } from "./plan-bundle.ts";
import type { CarriedBundle } from "./recording/messages.ts";

/** What importing bundles would do, with what they tell otherwise than what is known. Changes nothing. */
export function lookAtBundles(store: Store) {
  const read = createReader(store);
  return (carried: CarriedBundle, at: Instant): BundlePlan & Pick<ImportedBundle, "differences"> => {
    const plan = planBundle(store, carried, at);
    return { ...plan, differences: differencesOf(store, read, plan) };
  };
}
