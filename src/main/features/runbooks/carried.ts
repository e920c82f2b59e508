import type { CarriedResult } from "#domain/rotation/script/read-result.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { PlanHash } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunOrigin } from "#shared/model/run.ts";
import { sayPlace } from "#shared/text/target.ts";

/** The token of the run that all carried parts of one plan are. */
export const tokenOfCarried = (plan: PlanHash): string => `carried${plan.slice(0, 24)}`;

/** Whether a run is made of what scripts have told: nothing of it is done from here. */
export const isCarried = ({ origin }: { origin: RunOrigin }): boolean => origin === "offline";

/** There is no way into its hosts from here, or none that was wanted. */
export function refuseCarried(run: { id: number; origin: RunOrigin }): void {
  if (isCarried(run))
    throw new Refusal(
      "conflict",
      `run ${run.id} is carried by hand: run its scripts on their hosts once more, and import their results`,
    );
}

type Told = Pick<CarriedResult, "host" | "port" | "ended" | "digest">;

/** What the journal says of a result. */
export const sayTaken = ({ host, port, ended, digest }: Told): string =>
  `the result of ${sayPlace({ host, port })}, which ended at ${toInstant(new Date(ended * 1_000))} by its clock (${digest})`;
