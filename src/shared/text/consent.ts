import type { Check } from "../model/plan.ts";

/** What consents to one check of a plan: it names the check and nothing else of the plan. */
export const consentOf = ({ id, host, account }: Pick<Check, "id" | "host" | "account">): string =>
  [id, host, account].filter((part) => part !== null).join(" ");
