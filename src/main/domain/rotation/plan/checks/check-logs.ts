import { type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { Check, PlanOptions } from "#shared/model/plan.ts";
import { FILE_LOGS } from "#shared/text/consent.ts";

/** How strong it is that nobody was seen to use the old key while its days of grace last. */
export function checkLogs({ facts, files }: Draft, { graceDays }: PlanOptions): Check[] {
  const isWatched = graceDays > 0 && files.some(({ removed }) => removed !== null);
  if (!isWatched || facts.logs !== "file") return [];
  const text =
    "its logs of logins are plain files, to which any user there can have lines written: that they tell of no use of the old key is believed all the same when the days of grace are over";
  return [makeCheck("consent", FILE_LOGS, { host: facts }, text)];
}
