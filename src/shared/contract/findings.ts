import { z } from "zod";
import { Finding, RuleId, Severity } from "../model/finding.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { query } from "./procedure.ts";

export const FindingFilter = z.object({
  search: Search,
  severity: Severity.nullable().default(null),
  rule: RuleId.nullable().default(null),
  host: z.string().max(253).nullable().default(null),
});
export type FindingFilter = z.infer<typeof FindingFilter>;

export const findings = {
  /** What needs attention now. By default the most severe come first. */
  list: query
    .input(
      FindingFilter.extend({
        sort: sortedBy(["severity", "rule", "host", "label", "firstSeen"]).default({
          by: "severity",
          descending: false,
        }),
        ...Page.shape,
      }),
    )
    .output(listOf(Finding)),

  find: query.input(z.object({ id: z.string().max(200) })).output(Finding),
};
