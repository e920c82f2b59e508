import { z } from "zod";
import { Sha256 } from "../model/certificate.ts";
import { ServedRow, ServedState } from "../model/served.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { query } from "./procedure.ts";

export const served = {
  /** What the configurations of hosts say is served where, and what is. By default what needs attention comes first. */
  list: query
    .input(
      z.object({
        search: Search,
        state: ServedState.nullable().default(null),
        host: z.string().max(253).nullable().default(null),
        /** Where this certificate is to be served, or was. */
        sha256: Sha256.nullable().default(null),
        sort: sortedBy(["state", "host"]).default({ by: "state", descending: false }),
        ...Page.shape,
      }),
    )
    .output(listOf(ServedRow)),
};
