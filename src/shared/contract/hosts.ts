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

  /** What hosts call themselves, where that is not the user's name for them. Their word: it names nothing by itself. */
  ownNames: query.output(z.array(z.object({ host: HostName, port: Port, hostname: z.string() }))),

  /**
   * Pins the key that the host presented when it was last probed. The fingerprint says which key the user has compared.
   * If the host presented another one, or has a pin already, the request is refused.
   */
  trustKey: command.input(HostAddress.extend({ fingerprint: z.string() })).output(z.object({})),

  /**
   * Drops the pin of a host whose key was changed on purpose, and the keys that signed its bundles; its next key is
   * unknown until it is trusted. `hadPin`: there was something to drop.
   */
  forgetPin: command.input(HostAddress).output(z.object({ hadPin: z.boolean() })),
};

/** At most so many keys are compared in one request. */
export const MOST_COMPARED = 250;

export const HostKeyFilter = z.object({
  search: Search,
  state: HostKeyState.nullable().default(null),
  /** The keys of this host alone, by its name in the inventory. */
  host: z.string().max(253).nullable().default(null),
  /** Keys that several hosts have. */
  shared: z.boolean().default(false),
  /** Keys of an obsolete type, or too short. */
  weak: z.boolean().default(false),
});
export type HostKeyFilter = z.infer<typeof HostKeyFilter>;

const KnownHostsFile = z.object({
  path: z.string(),
  /** Lines that can be read, and those of them whose name is hashed. */
  lines: z.int(),
  hashed: z.int(),
  /** Lines that cannot be read: how many, and the first of them. Written by strangers. */
  broken: z.object({ total: z.int(), first: z.array(z.object({ line: z.int(), why: z.string() })) }),
});

export const hostKeys = {
  /**
   * Host keys, one row for each name and key. The first page reads the known_hosts files of this computer; later pages
   * continue in what it has read, unless the database has changed since.
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

  /** What the list is read from: the known_hosts files, those that cannot be read, and what was left out. */
  sources: query.output(
    z.object({
      files: z.array(KnownHostsFile),
      unreadable: z.array(z.object({ path: z.string(), why: z.string() })),
      notes: z.array(z.string()),
    }),
  ),

  /**
   * Asks DNS for the SSHFP records of the names of these keys, and for nothing else; names that are no DNS names are
   * left out. Nothing else of `hostKeys` sends something to anybody but a target, so this is done only when a user
   * requests it. `resolver`: IP, IP:PORT or [IP]:PORT; null: those of this system.
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
