import { z } from "zod";
import { HostDetail, HostRow } from "../model/hosts/host.ts";
import { HostKeyRow, HostKeyState, SshfpComparison } from "../model/hosts/host-key.ts";
import { ProbeState } from "../model/hosts/probe.ts";
import { HostName, Port } from "../model/hosts/target.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

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
   * Pins the key that the host presented when it was last probed. The fingerprint says which key the user
   * has compared: another one, or a host that has a pin already, is refused.
   */
  trustKey: command.input(HostAddress.extend({ fingerprint: z.string() })).output(z.object({})),

  /**
   * Drops the pin of a host whose key was changed on purpose, and what its bundles were signed by; its next key is unknown
   * until it is trusted. `hadPin`: there was something to drop.
   */
  forgetPin: command.input(HostAddress).output(z.object({ hadPin: z.boolean() })),
};

/** So many keys are compared at a time. */
export const MOST_COMPARED = 250;

export const HostKeyFilter = z.object({
  search: Search,
  state: HostKeyState.nullable().default(null),
  /** The keys of this host alone, by its name in the inventory. */
  host: z.string().max(253).nullable().default(null),
  /** Those that several hosts have. */
  shared: z.boolean().default(false),
  /** Those of an obsolete type, or too short. */
  weak: z.boolean().default(false),
});
export type HostKeyFilter = z.infer<typeof HostKeyFilter>;

const KnownHostsFile = z.object({
  path: z.string(),
  /** Lines that can be read, and those of them whose name is hashed. */
  lines: z.int(),
  hashed: z.int(),
  /** Lines that cannot: how many, and the first of them. Written by strangers. */
  broken: z.object({ total: z.int(), first: z.array(z.object({ line: z.int(), why: z.string() })) }),
});

export const hostKeys = {
  /**
   * Host keys, one row for each name and key. The known_hosts files of this computer are read when a first page is
   * asked for; further ones go on in what was read then, unless the database has changed since.
   */
  list: query
    .input(
      HostKeyFilter.extend({
        sort: sortedBy(["name", "state", "keyType", "fingerprint"]).default({
          by: "name",
          descending: false,
        }),
        ...Page.shape,
      }),
    )
    .output(listOf(HostKeyRow)),

  find: query.input(z.object({ id: z.string().max(64) })).output(HostKeyRow),

  /** What is read for it: the known_hosts files, those that cannot be read, and what was left undone. */
  sources: query.output(
    z.object({
      files: z.array(KnownHostsFile),
      unreadable: z.array(z.object({ path: z.string(), why: z.string() })),
      notes: z.array(z.string()),
    }),
  ),

  /**
   * Asks DNS for the SSHFP records of the names of these keys, and of nothing else: the only thing here that leaves this
   * computer for somebody else than a target, so it is asked for each time. `resolver`: IP, IP:PORT or [IP]:PORT; null:
   * those of this system. Names that are none of DNS are not asked for.
   */
  compareSshfp: query
    .input(
      z.object({
        ids: z.array(z.string().max(64)).min(1).max(MOST_COMPARED),
        resolver: z.string().max(100).nullable().default(null),
      }),
    )
    .output(z.object({ names: z.array(SshfpComparison) })),

  /** All pins as lines of a known_hosts, under the names by which ssh looks for them. */
  knownHosts: query.output(
    z.object({
      text: z.string(),
      count: z.int(),
      /** Pins that no line can be written for, and why. */
      leftOut: z.array(z.string()),
    }),
  ),
};
