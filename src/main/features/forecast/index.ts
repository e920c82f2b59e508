import { implement } from "@orpc/server";
import { forecastRenewals, lineUpExpiries } from "#domain/forecast.ts";
import { forecast } from "#shared/contract/forecast.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Store } from "#store/store.ts";

/** What is to be done for certificates in the weeks to come. */
export function createForecast({ store, now }: { store: Store; now: () => Date }) {
  const os = implement(forecast);
  const today = () => toInstant(now()).slice(0, 10);
  return {
    renewals: os.renewals.handler(({ input: { by, issuer, owner } }) =>
      forecastRenewals(store.expiry.due({ issuer, owner, today: today() }), { today: today(), by }),
    ),
    timeline: os.timeline.handler(({ input: { by, issuer, owner, weeks } }) =>
      lineUpExpiries(store.expiry.ends({ issuer, owner }), { today: today(), weekCount: weeks, by }),
    ),
  };
}
