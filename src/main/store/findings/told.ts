import type { Finding } from "#shared/model/finding.ts";
import type { Violation } from "#shared/model/violation.ts";

/** What a finding says, before its rule and what was decided of it are put beside it. */
export type Told = Omit<
  Finding,
  "id" | "rule" | "severity" | "reference" | "profile" | "brokenRules" | "acceptance"
> & {
  /** The rules that are broken, where the finding is of these. */
  violation?: Pick<Violation, "profile" | "rules">;
};
