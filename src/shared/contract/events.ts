import { eventIterator } from "@orpc/contract";
import { z } from "zod";
import { ScanId } from "../model/hosts/scan.ts";
import { PlanId } from "../model/runs/plan.ts";
import { RunId } from "../model/runs/run.ts";
import { query } from "./procedure.ts";

/** Says that something changed, never what it is now: a query answers that. */
export const Announcement = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("scan-started"), scanId: ScanId }),
  z.object({ kind: z.literal("scan-progressed"), scanId: ScanId }),
  z.object({ kind: z.literal("scan-prompts"), scanId: ScanId }),
  z.object({ kind: z.literal("scan-host-keys"), scanId: ScanId }),
  z.object({ kind: z.literal("scan-finished"), scanId: ScanId }),
  z.object({ kind: z.literal("targets-changed") }),
  z.object({ kind: z.literal("pins-changed") }),
  z.object({ kind: z.literal("claims-changed") }),
  z.object({ kind: z.literal("people-changed") }),
  z.object({ kind: z.literal("approvals-changed") }),
  z.object({ kind: z.literal("findings-changed") }),
  z.object({ kind: z.literal("labels-changed") }),
  z.object({ kind: z.literal("logins-changed") }),
  z.object({ kind: z.literal("reviews-changed") }),
  z.object({ kind: z.literal("settings-changed") }),
  z.object({ kind: z.literal("trust-changed") }),
  z.object({ kind: z.literal("database-changed") }),
  z.object({ kind: z.literal("issuers-changed") }),
  z.object({ kind: z.literal("vault-changed") }),
  z.object({ kind: z.literal("plan-changed"), planId: PlanId }),
  z.object({ kind: z.literal("run-changed"), runId: RunId }),
  z.object({ kind: z.literal("run-prompts") }),
]);
export type Announcement = z.infer<typeof Announcement>;

export const events = {
  /** Goes on until the caller hangs up. A missed announcement costs a refresh, never correctness. */
  watch: query.output(eventIterator(Announcement)),
};
