import { z } from "zod";
import { WayText } from "../model/endpoint-way.ts";
import { LocalPath } from "../model/local-file.ts";
import { Probe, ProbeState } from "../model/probe.ts";
import { Question } from "../model/question.ts";
import { Scan, ScanId, ScanState } from "../model/scan.ts";
import { TransportRequest } from "../model/transport.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { command, query } from "./procedure.ts";
import { BrokenEntry, TargetText } from "./targets.ts";

/** What to scan, and how. */
export const ScanWish = TargetText.extend({
  /** Read hosts as root by `sudo -n`, where that asks for nothing; null: those that are remembered so. */
  useSudo: z.boolean().nullable().default(null),
  /** What carries the logins; null: what is remembered for each, or else `auto`. */
  transport: TransportRequest.nullable().default(null),
  /**
   * How endpoints are reached: a proxy or a jump host, as `WayText`; "" directly; null: as each is remembered. Hosts
   * go by ssh_config. A way that holds a password is refused.
   */
  way: WayText.nullable().default(null),
  /** Greet every address of an endpoint's name, and say where they differ; otherwise the first that answers. */
  everyAddress: z.boolean().default(true),
  /** Ask each endpoint, by some fourteen further connections, which versions and groups it takes. */
  asksForOffers: z.boolean().default(false),
  /** Pin the key of a host that was never seen before. A changed key is refused all the same. */
  acceptNew: z.boolean().default(false),
  /** Private key files to log in with, before the agent's and the usual ones. */
  identityFiles: z.array(LocalPath("identity")).max(32).default([]),
  /** Visits at a time. */
  concurrency: z.int().min(1).max(512).nullable().default(null),
  /**
   * `failed`: the targets whose last visit failed. `unfinished`: those that the last scan, cancelled or
   * interrupted, did not come to.
   */
  again: z.enum(["failed", "unfinished"]).nullable().default(null),
  /** Somebody is there to answer the questions of this scan; otherwise nothing is asked. */
  mayAsk: z.boolean().default(false),
  /** Where no key lets us in, ask for a password, or what the host asks (keyboard-interactive). */
  askPassword: z.boolean().default(false),
});
export type ScanWish = z.infer<typeof ScanWish>;
/** As a caller writes it: what is left out is as usual. */
export type ScanRequest = z.input<typeof ScanWish>;

export const scans = {
  /**
   * Returns at once; the probes go on, announced by `events.watch`. With neither text nor sources every remembered
   * target is scanned, or those that `again` says. `notes`: as in `targets.preview`.
   */
  start: command
    .input(ScanWish)
    .output(z.object({ scanId: ScanId, broken: z.array(BrokenEntry), notes: z.array(z.string()) })),

  /** What a running scan waits for, the oldest first; announced as `scan-asks`. */
  questions: query.input(z.object({ scanId: ScanId })).output(z.array(Question)),

  /** One answer for each prompt; null goes on without. The answers are used and forgotten, never written anywhere. */
  answer: command
    .input(
      z.object({
        scanId: ScanId,
        questionId: z.string(),
        answers: z.array(z.string().max(4_096)).max(16).nullable(),
        /** Try this password at every host of the scan that wants one for the same user. */
        isForSameUser: z.boolean().default(false),
      }),
    )
    .output(z.object({})),

  /** Stops a running scan; what it has read is kept. */
  cancel: command.input(z.object({ scanId: ScanId })).output(z.object({ wasRunning: z.boolean() })),

  find: query.input(z.object({ scanId: ScanId })).output(Scan),

  /** By default the newest first. `search` is what stands in the scan's targets and their outcomes. */
  list: query
    .input(
      z.object({
        search: Search,
        state: ScanState.nullable().default(null),
        sort: sortedBy(["startedAt", "total", "failed"]).default({ by: "startedAt", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(Scan)),

  /** The visits of one scan: those that failed first, then in the order they ended. */
  probes: query
    .input(Page.extend({ scanId: ScanId, state: ProbeState.nullable().default(null), search: Search }))
    .output(listOf(Probe)),
};
