import { type Aim, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { Check, KeyOptions } from "#shared/model/plan.ts";
import { FILE_LOGS, VERIFICATION_LOGS } from "#shared/text/consent.ts";

/** How strong it is that nobody was seen to use the old key while its days of grace last. */
export function checkLogs({ facts, files }: Draft, { graceDays }: KeyOptions): Check[] {
  const isWatched = graceDays > 0 && files.some(({ removed }) => removed !== null);
  if (!isWatched || facts.logs !== "file") return [];
  const text =
    "its logs of logins are plain files, to which any user there can have lines written: that they tell of no use of the old key is believed all the same when the days of grace are over";
  return [makeCheck("consent", FILE_LOGS, { host: facts }, text)];
}

/** Whether a log can show the login that an old line waits for; where none can, who else can is said before anything is begun. */
export function checkVerificationLogs(aim: Aim, { facts, proofs }: Draft): Check[] {
  if (facts.logs === "journal" || !proofs.some(({ proof }) => proof.kind === "by-log")) return [];
  const why =
    facts.logs === "file"
      ? "its logs of logins are plain files, which any user there can have lines written to"
      : "no journal of it was read that tells of logins";
  const holder =
    aim.proves === "log"
      ? ""
      : "the holder of the new key signs the challenge of the run (latchkey runs challenge RUN; then runs confirm RUN --signature FILE), or ";
  const text = `no log of it can show a login by the new key: ${why}; the old line stays until ${holder}you approve each account by name (latchkey runs confirm RUN --approve ACCOUNT@HOST)`;
  return [makeCheck("warning", VERIFICATION_LOGS, { host: facts }, text)];
}
