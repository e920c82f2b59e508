import { z } from "zod";
import { Finding, FindingObject, RuleId, Severity } from "../model/finding.ts";
import { Instant } from "../model/instant.ts";
import { Lens, LensItem, LensReport } from "../model/lens.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

export const FindingFilter = z.object({
  search: Search,
  severity: Severity.nullable().default(null),
  rule: RuleId.nullable().default(null),
  /** Those of the rules that are evidence for one item of a standard. */
  item: LensItem.nullable().default(null),
  host: z.string().max(253).nullable().default(null),
  /** Findings that were accepted, instead of those that count. */
  accepted: z.boolean().default(false),
});
export type FindingFilter = z.infer<typeof FindingFilter>;

/** At most so many findings are accepted at once. */
export const MOST_ACCEPTED = 1_000;

const Ids = z.array(z.string().max(200)).min(1).max(MOST_ACCEPTED);

/** The rules that are evaluated only once they are turned on. */
export const OptionalRule = RuleId.extract(["certificate-changed", "identity-without-purpose"]);
export type OptionalRule = z.infer<typeof OptionalRule>;

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

  /** All findings about one thing, the most severe first, the accepted ones too. */
  about: query.input(z.object({ object: FindingObject })).output(z.array(Finding)),

  /** What is found now, and by which rules, for each item of a standard. */
  lens: query.input(z.object({ lens: Lens })).output(LensReport),

  /** Accepts findings until a day. A finding that was accepted before is accepted anew. */
  accept: command
    .input(
      z.object({
        ids: Ids,
        reason: z.string().trim().min(1).max(500),
        /** From this day on they count again. */
        until: z.iso.date(),
      }),
    )
    .output(z.object({ accepted: z.int() })),

  /** Withdraws acceptances. */
  unaccept: command.input(z.object({ ids: Ids })).output(z.object({ withdrawn: z.int() })),

  /** The rules that have to be turned on, each with the time when it was; null for one that is off. */
  optionalRules: query.output(z.array(z.object({ rule: OptionalRule, since: Instant.nullable() }))),

  turnRule: command
    .input(z.object({ rule: OptionalRule, isOn: z.boolean() }))
    .output(z.object({ hasChanged: z.boolean() })),
};
