import type { Check } from "../model/plan.ts";
import { UNSIGNED_SCRIPTS } from "../model/script.ts";

/** The check that the days of grace on a host are watched in plain files alone. */
export const FILE_LOGS = "file-logs";

/** What consents to one check of a plan: it names the check and nothing else of the plan. */
export const consentOf = ({ id, host, account, path }: CheckName): string =>
  [id, host, account, path ?? null].filter((part) => part !== null).join(" ");

/** Whether these consents cover the check. One about a single file is named with it; of others, the kind agrees to all such. */
export const isConsented = (check: CheckName, given: readonly string[]): boolean =>
  given.includes(consentOf(check)) || (check.path === undefined && given.includes(check.id));

type CheckName = Pick<Check, "id" | "host" | "account" | "path">;

/** What is agreed to, beside what a plan asks for, where nobody signs the scripts that are written of it. */
export const UNSIGNED_CHECK: Check = {
  state: "consent",
  id: UNSIGNED_SCRIPTS,
  host: null,
  account: null,
  text: "nobody signs the scripts, so whoever carries them could change what is done there as root; --sign-with KEY signs them",
};
