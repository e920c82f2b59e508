import { z } from "zod";
import { GrantDetail, GrantRow } from "../model/access/grant.ts";
import { listOf, Page, query, Search, sortedBy } from "./procedure.ts";

export const AccessFilter = z.object({
  search: Search,
  host: z.string().max(253).nullable().default(null),
  account: z.string().max(256).nullable().default(null),
  fingerprint: z.string().max(100).nullable().default(null),
  effective: z.enum(["yes", "no", "unknown"]).nullable().default(null),
  owner: z.enum(["known", "gone", "unknown"]).nullable().default(null),
  use: z.enum(["used", "unused", "unknown"]).nullable().default(null),
  /** Those that may let somebody in while there is evidence that nobody owns or uses them. */
  orphaned: z.boolean().default(false),
  /** Those of which nothing says that they are orphans but a private key that was not found, while it may lie where no scan has looked. */
  undecided: z.boolean().default(false),
  /** Those of whose key no private key is known. */
  privateKeyNotFound: z.boolean().default(false),
  /** Those that are new since the baseline, may let somebody in, and were not approved. */
  unapproved: z.boolean().default(false),
});
export type AccessFilter = z.infer<typeof AccessFilter>;

export const access = {
  /** The grants that stand now. By default in the order of host, account, file and line. */
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
