import type { Profile } from "./chain.ts";
import type { BrokenRule, Severity } from "./finding.ts";

/** By which clients accept the certificate all the same: none, some, or all. */
export type ViolationSeverity = Extract<Severity, "high" | "medium" | "low">;

/** Rules of a profile that a certificate breaks. */
export type Violation = {
  /** What it is judged by: `clients` where no client accepts it. */
  profile: Profile;
  severity: ViolationSeverity;
  /** At least one; in an order that is always the same. */
  rules: BrokenRule[];
};
