import type { Check } from "../model/plan.ts";

/** What consents to one check of a plan: it names the check and nothing else of the plan. */
export const consentOf = ({ id, host, account, path }: CheckName): string =>
  [id, host, account, path ?? null].filter((part) => part !== null).join(" ");

/** Whether these consents cover the check. One about a single file is named with it; of others, the kind agrees to all such. */
export const isConsented = (check: CheckName, given: readonly string[]): boolean =>
  given.includes(consentOf(check)) || (check.path === undefined && given.includes(check.id));

type CheckName = Pick<Check, "id" | "host" | "account" | "path">;
