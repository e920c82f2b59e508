import type { Check } from "../model/plan.ts";
import { UNSIGNED_SCRIPTS } from "../model/script.ts";

/** The check that the days of grace on a host are watched in plain files alone. */
export const FILE_LOGS = "file-logs";

/** The check that a log of the host can show a login by the new key. */
export const VERIFICATION_LOGS = "journal";

/** The check that the line goes or changes by which Latchkey itself logs in. */
export const OWN_LOGIN = "own-login";

/** What consents to one check of a plan: it names the check and nothing else of the plan. */
export const acknowledgementOf = ({ id, host, account, path, address }: CheckName): string =>
  [id, host, account, path ?? null, address ?? null].filter((part) => part !== null).join(" ");

/** Whether it is agreed to by its whole name alone: it is about a single file, or a single address. */
export const isNamedAlone = ({ path, address }: CheckName): boolean =>
  path !== undefined || address !== undefined;

/** Whether these consents cover the check. Where it need not be named, its kind agrees to all such. */
export const isConsented = (check: CheckName, given: readonly string[]): boolean =>
  given.includes(acknowledgementOf(check)) || (!isNamedAlone(check) && given.includes(check.id));

type CheckName = Pick<Check, "id" | "host" | "account" | "path" | "address">;

/** What is agreed to, beside what a plan asks for, where nobody signs the scripts that are written of it. */
export const UNSIGNED_CHECK: Check = {
  state: "acknowledge",
  id: UNSIGNED_SCRIPTS,
  host: null,
  account: null,
  text: "the scripts are not signed, so whoever transports them could change what root runs; sign them with --sign-with KEY",
};
