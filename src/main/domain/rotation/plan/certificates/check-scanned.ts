import { makeCheck } from "#domain/rotation/plan/draft.ts";
import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Check } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import type { ScannedFacts } from "./renewal-facts.ts";

/** Hosts are scanned once a day, or more often: one that was not has changed for longer than anybody looked. */
const FRESH_HOURS = 24;

/**
 * How old what is known of a host's servers is. One that was set up since is in no plan: it is neither told of new files nor
 * looked at, and goes on with the old ones.
 */
export function checkScanned(host: HostFacts, { at, changed }: ScannedFacts, now: Instant): Check {
  const say = (state: Check["state"], text: string) => makeCheck(state, "scanned", { host }, text);
  if (at === null) return say("warning", `when its servers were last read is not known; ${AGAIN}`);
  const when = `its servers were last read on ${at.slice(0, 10)} at ${at.slice(11, 16)} UTC`;
  if (changed.length > 0)
    return say("warning", `${changed.slice(0, 3).join(", ")} changed since ${when}; ${AGAIN}`);
  const hours = Math.floor((Date.parse(now) - Date.parse(at)) / 3_600_000);
  if (hours < FRESH_HOURS) return say("ok", when);
  return say("warning", `${when}, ${formatCount(Math.floor(hours / 24), "day")} ago; ${AGAIN}`);
}

const AGAIN = "scan it again, so that the plan has all that reads these files";
