import type { Finding } from "#shared/model/finding.ts";

/** What a finding says, before its rule and what was decided of it are put beside it. */
export type Told = Omit<Finding, "id" | "rule" | "severity" | "reference" | "acceptance">;
