import { z } from "zod";
import { HostDetail, HostRow } from "../model/host.ts";
import { ProbeState } from "../model/probe.ts";
import { HostName, Port } from "../model/target.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { command, query } from "./procedure.ts";

const HostAddress = z.object({ host: HostName, port: Port });

export const hosts = {
  list: query
    .input(
      z.object({
        search: Search,
        state: ProbeState.nullable().default(null),
        sort: sortedBy(["host", "os", "state", "grantCount", "accountCount", "lastSeen"]).default({
          by: "host",
          descending: false,
        }),
        ...Page.shape,
      }),
    )
    .output(listOf(HostRow)),

  find: query.input(z.object({ id: z.int() })).output(HostDetail),

  /**
   * Pins the key that the host presented when it was last visited. The fingerprint says which key the user
   * has compared: another one, or a host that has a pin already, is refused.
   */
  trustKey: command.input(HostAddress.extend({ fingerprint: z.string() })).output(z.object({})),

  /**
   * Drops the pin of a host whose key was changed on purpose, and what its bundles were signed by; its next key is unknown
   * until it is trusted. `hadPin`: there was something to drop.
   */
  forgetPin: command.input(HostAddress).output(z.object({ hadPin: z.boolean() })),
};
