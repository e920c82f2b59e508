import { z } from "zod";
import { Probe, ProbeState } from "../model/probe.ts";
import { Scan, ScanId, ScanState } from "../model/scan.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { command, query } from "./procedure.ts";
import { TargetText } from "./targets.ts";

export const scans = {
  /** Returns at once; the probes go on, announced by `events.watch`. An empty text scans every remembered target. */
  start: command
    .input(
      TargetText.extend({
        /** Read hosts as root by `sudo -n`, where that asks for nothing; null: those that are remembered so. */
        useSudo: z.boolean().nullable().default(null),
        /** Pin the key of a host that was never seen before. A changed key is refused all the same. */
        acceptNew: z.boolean().default(false),
        /** Private key files to log in with, before the agent's and the usual ones. */
        identityFiles: z.array(z.string().max(4_096)).max(32).default([]),
        /** Visits at a time. */
        concurrency: z.int().min(1).max(512).nullable().default(null),
      }),
    )
    .output(z.object({ scanId: ScanId })),

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
