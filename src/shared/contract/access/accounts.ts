import { z } from "zod";
import { AccountDetail, AccountKind, AccountRow, RootStanding } from "../../model/access/account.ts";
import { listOf, Page, query, Search, sortedBy } from "../procedure.ts";

export const AccountFilter = z.object({
  search: Search,
  host: z.string().max(253).nullable().default(null),
  kind: AccountKind.nullable().default(null),
  root: RootStanding.nullable().default(null),
  /** Empty: those that nobody answers for. */
  owner: z.string().max(200).nullable().default(null),
  /** Empty: those of which it is not known. */
  environment: z.string().max(64).nullable().default(null),
  /** Those of which nobody has said what they are for. */
  lacksPurpose: z.boolean().default(false),
  /** New since the baseline, and not approved. */
  unapproved: z.boolean().default(false),
});
export type AccountFilter = z.infer<typeof AccountFilter>;

export const accounts = {
  /** The logins that there are now on all hosts. By default in the order of host and number. */
  list: query
    .input(
      AccountFilter.extend({
        sort: sortedBy(["host", "name", "kind", "root", "grantCount", "lastLoginAt", "risk"]).default({
          by: "host",
          descending: false,
        }),
        ...Page.shape,
      }),
    )
    .output(listOf(AccountRow)),

  /** By its number here, or as it is called on its host. */
  find: query
    .input(
      z.union([
        z.object({ id: z.int() }),
        z.object({ host: z.string().max(253), port: z.int(), name: z.string().max(1_000) }),
      ]),
    )
    .output(AccountDetail),
};
