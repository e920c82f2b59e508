import { z } from "zod";
import { SshfpComparison } from "../model/hosts/host-key.ts";
import { OfferedKey } from "../model/hosts/offered-key.ts";
import { Probe, ProbeState, TransportRequest } from "../model/hosts/probe.ts";
import { PromptRequest } from "../model/hosts/prompt.ts";
import { Scan, ScanId, ScanState } from "../model/hosts/scan.ts";
import { HostName, MOST_TARGETS, Protocol, ProxyUrl, Target } from "../model/hosts/target.ts";
import { Instant } from "../model/instant.ts";
import { LocalPath } from "../model/local-file.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

/**
 * Targets as people write them, between spaces, commas or lines; `#` begins a comment. A name for which ssh_config has
 * a HostName or a route is SSH alone, on the port of that configuration.
 */
export const TargetText = z.object({
  text: z.string().max(8 * 1024 * 1024),
  /** Overrides what the port implies: a bare name is both SSH 22 and TLS 443. */
  only: z.enum(["ssh", "tls"]).nullable().default(null),
  /**
   * What endpoints speak before TLS where the text does not say; a bare name is then one of these alone. Null: what the
   * port implies.
   */
  protocol: Protocol.nullable().default(null),
  /**
   * Beside the text: every host that this user's ssh_config names in full, and every name in known_hosts that is not
   * hashed.
   */
  sources: z.array(z.enum(["ssh-config", "known-hosts"])).default([]),
  /** Read instead of ~/.ssh/config and the system's ssh_config, as by `ssh -F`. */
  sshConfigFile: LocalPath("ssh-config").nullable().default(null),
  /**
   * Each endpoint without a server name of its own is probed for each of these; empty: for the host's name, if it has
   * one.
   */
  serverNames: z.array(HostName).max(1_000).default([]),
  /** Go on without what cannot be read, and name it; otherwise the first such word refuses the whole text. */
  skipBroken: z.boolean().default(false),
});
export type TargetText = z.infer<typeof TargetText>;

/** A word that is no target, or a line of ssh_config or known_hosts that cannot be read. */
export const BrokenEntry = z.object({
  /** `line 12`, or `~/.ssh/config line 12`. */
  where: z.string(),
  text: z.string(),
  why: z.string(),
});
export type BrokenEntry = z.infer<typeof BrokenEntry>;

/** At most so many broken entries are listed by a preview; a scan names them all. */
export const BROKEN_SHOWN = 100;

export const LOGINS_SHOWN = 5;

/** So many hosts that were not scanned yet are named, to be scanned together. */
export const UNSCANNED_SHOWN = 500;

/** A target that is remembered, with its login. */
export const RememberedTarget = z.object({
  id: z.int(),
  target: Target,
  useSudo: z.boolean(),
  transport: TransportRequest,
  /** How an endpoint is reached; empty: directly. */
  route: ProxyUrl,
  addedAt: Instant,
});
export type RememberedTarget = z.infer<typeof RememberedTarget>;

export const targets = {
  /** How many targets a text means, and the first of them. Refused when it cannot be read, or means too many. */
  preview: query.input(TargetText).output(
    z.object({
      total: z.int().max(MOST_TARGETS),
      ssh: z.int(),
      tls: z.int(),
      first: z.array(Target),
      /** As whom logins are tried, ssh_config followed: the first few of them, each once. */
      logins: z.array(z.string()).max(LOGINS_SHOWN),
      /** How many key files ssh_config names for them, each counted once. */
      keyFiles: z.int(),
      broken: z.object({ total: z.int(), first: z.array(BrokenEntry).max(BROKEN_SHOWN) }),
      /**
       * Sentences: what of ssh_config is not followed, such as Match exec; what is executed, such as ProxyCommand; and
       * which files are not read.
       */
      notes: z.array(z.string()),
    }),
  ),

  list: query.output(z.array(RememberedTarget)),

  /**
   * The hosts that this user's ssh_config names in full and that no scan was asked for, under that name or under its HostName: how
   * many, and the first of them. Without those of the user git, who gets no shell.
   */
  unscanned: query.output(
    z.object({ total: z.int().max(MOST_TARGETS), first: z.array(Target).max(UNSCANNED_SHOWN) }),
  ),

  add: command
    .input(
      TargetText.extend({ useSudo: z.boolean().default(false), transport: TransportRequest.default("auto") }),
    )
    .output(
      z.object({ added: z.int(), known: z.int(), broken: z.array(BrokenEntry), notes: z.array(z.string()) }),
    ),

  /** Forgets targets; what was seen there is kept. */
  remove: command.input(TargetText).output(z.object({ removed: z.int(), broken: z.array(BrokenEntry) })),
};

/** What to scan, and how. */
export const ScanInput = TargetText.extend({
  /** Read hosts as root by `sudo -n`, where that needs no password; null: hosts that are remembered so. */
  useSudo: z.boolean().nullable().default(null),
  /** The SSH client of the logins; null: what is remembered for each, or else `auto`. */
  transport: TransportRequest.nullable().default(null),
  /**
   * How endpoints are reached: a proxy or a jump host, as `ProxyUrl`; "" directly; null: as each is remembered. Hosts
   * go by ssh_config. A proxy with a password is refused.
   */
  proxy: ProxyUrl.nullable().default(null),
  /** Probe every address of an endpoint's name, and say where they differ; otherwise the first that answers. */
  everyAddress: z.boolean().default(true),
  /** Probe the versions and groups that each endpoint accepts, by some fourteen further connections. */
  probesCapabilities: z.boolean().default(false),
  /** Pin the key of a host that was never seen before. A changed key is refused all the same. */
  acceptNew: z.boolean().default(false),
  /**
   * Keys of new hosts wait in `scans.hostKeys` until somebody accepts or skips them; everything else goes on meanwhile.
   * Otherwise such a host ends at once, unless `acceptNew` pins its key.
   */
  promptsForHostKeys: z.boolean().default(false),
  /** Private key files to log in with, before the agent's and the usual ones. */
  identityFiles: z.array(LocalPath("identity")).max(32).default([]),
  /** Probes at a time. */
  concurrency: z.int().min(1).max(512).nullable().default(null),
  /**
   * `failed`: the targets whose last probe failed. `unfinished`: those that the last scan, cancelled or
   * interrupted, did not come to.
   */
  again: z.enum(["failed", "unfinished"]).nullable().default(null),
  /** Somebody is there to answer prompts of this scan; otherwise there are none. */
  mayPrompt: z.boolean().default(false),
  /** Where no key logs in, prompt for a password, or for what the host asks (keyboard-interactive). */
  promptsForPassword: z.boolean().default(false),
});
export type ScanInput = z.infer<typeof ScanInput>;
/** As a caller writes it: what is left out has its default. */
export type ScanRequest = z.input<typeof ScanInput>;

/** At most so many host keys are listed and accepted at a time. */
export const OFFERED_SHOWN = 1_000;

const OfferId = z.string().max(400);

export const scans = {
  /**
   * Returns at once; the probes go on, announced by `events.watch`. With neither text nor sources every remembered
   * target is scanned, or those that `again` says. `notes`: as in `targets.preview`.
   */
  start: command
    .input(ScanInput)
    .output(z.object({ scanId: ScanId, broken: z.array(BrokenEntry), notes: z.array(z.string()) })),

  /** What a running scan waits for, the oldest first; announced as `scan-prompts`. */
  prompts: query.input(z.object({ scanId: ScanId })).output(z.array(PromptRequest)),

  /** One answer for each prompt; null goes on without. The answers are used and forgotten, never written anywhere. */
  answer: command
    .input(
      z.object({
        scanId: ScanId,
        promptId: z.string(),
        answers: z.array(z.string().max(4_096)).max(16).nullable(),
        /** Try this password at every host of the scan that wants one for the same user. */
        isForSameUser: z.boolean().default(false),
      }),
    )
    .output(z.object({})),

  /**
   * The host keys that a running scan has met and nothing vouches for: those that this computer contradicts first, then
   * those that wait, by name. `counts` counts all of them. Announced as `scan-host-keys`.
   */
  hostKeys: query.input(z.object({ scanId: ScanId })).output(
    z.object({
      rows: z.array(OfferedKey).max(OFFERED_SHOWN),
      counts: z.object({ waiting: z.int(), refused: z.int(), accepted: z.int(), skipped: z.int() }),
    }),
  ),

  /**
   * Pins these keys, exactly as they were offered, and probes their hosts in the same scan. Refused as a whole if one of
   * them does not wait, if this computer contradicts it, or if two are of one host. `refused`: those whose host has
   * another pin since; they are probed, and refused there.
   */
  acceptHostKeys: command
    .input(z.object({ scanId: ScanId, ids: z.array(OfferId).min(1).max(OFFERED_SHOWN) }))
    .output(z.object({ accepted: z.int(), refused: z.int() })),

  /** Goes on without these hosts: they end as `host-key-not-accepted`. Null: without all that wait now. */
  skipHostKeys: command
    .input(z.object({ scanId: ScanId, ids: z.array(OfferId).max(OFFERED_SHOWN).nullable().default(null) }))
    .output(z.object({ skipped: z.int() })),

  /** As `hostKeys.compareSshfp`, of keys that a running scan has met: only this request sends a query. */
  compareSshfp: query
    .input(
      z.object({
        scanId: ScanId,
        ids: z.array(OfferId).min(1).max(OFFERED_SHOWN),
        resolver: z.string().max(100).nullable().default(null),
      }),
    )
    .output(z.object({ names: z.array(SshfpComparison) })),

  /** Stops a running scan; what it has read is kept. */
  cancel: command.input(z.object({ scanId: ScanId })).output(z.object({ wasRunning: z.boolean() })),

  find: query.input(z.object({ scanId: ScanId })).output(Scan),

  /**
   * By default the newest first. `search` matches the scan's number, its targets and their outcomes. `withPlans`: those
   * that plans and their runs have made, too.
   */
  list: query
    .input(
      z.object({
        search: Search,
        state: ScanState.nullable().default(null),
        withPlans: z.boolean().default(false),
        sort: sortedBy(["startedAt", "total", "failed"]).default({ by: "startedAt", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(Scan)),

  /** The probes of one scan: those that failed first, then in the order they ended. */
  probes: query
    .input(Page.extend({ scanId: ScanId, state: ProbeState.nullable().default(null), search: Search }))
    .output(listOf(Probe)),
};
