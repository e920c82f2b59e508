import { z } from "zod";
import { GrantDetail, GrantRow } from "../../model/access/grant.ts";
import { listOf, Page, query, Search, sortedBy } from "../procedure.ts";

export const AccessFilter = z.object({
  search: Search,
  host: z.string().max(253).nullable().default(null),
  account: z.string().max(256).nullable().default(null),
  fingerprint: z.string().max(100).nullable().default(null),
  /** The kind of the key, as its line has it. */
  keyType: z.string().max(120).nullable().default(null),
  effective: z.enum(["yes", "no", "unknown"]).nullable().default(null),
  owner: z.enum(["known", "gone", "unknown"]).nullable().default(null),
  use: z.enum(["used", "unused", "unknown"]).nullable().default(null),
  /** Grants that may let somebody in, with evidence that nobody owns or uses them. */
  orphaned: z.boolean().default(false),
  /**
   * Grants that nothing but a private key that was not found would make orphans, while that key may lie where no scan
   * has read.
   */
  undecided: z.boolean().default(false),
  /** Grants with a key of which no private key is known. */
  privateKeyNotFound: z.boolean().default(false),
  /** Grants that are new since the baseline, may let somebody in, and were not approved. */
  unapproved: z.boolean().default(false),
});
export type AccessFilter = z.infer<typeof AccessFilter>;

export const access = {
  /** The grants that exist now. By default in the order of host, account, file and line. */
  list: query
    .input(
      AccessFilter.extend({
        sort: sortedBy(["host", "account", "fingerprint", "keyType", "effective", "comment"]).default({
          by: "host",
          descending: false,
        }),
        ...Page.shape,
      }),
    )
    .output(listOf(GrantRow)),

  find: query.input(z.object({ id: z.int() })).output(GrantDetail),
};
