import { z } from "zod";
import { Instant } from "../instant.ts";
import { BundleSignature, BundleStandingKind } from "./bundle.ts";

export const ScanId = z.int().positive().brand<"ScanId">();
export type ScanId = z.infer<typeof ScanId>;

/** `interrupted`: its process ended before it did; what it had read until then is kept. */
export const ScanState = z.enum(["running", "finished", "cancelled", "interrupted"]);
export type ScanState = z.infer<typeof ScanState>;

/** `request`: somebody asked for it. `plan`: a plan or its run read its hosts again. */
export const ScanOrigin = z.enum(["request", "plan"]);
export type ScanOrigin = z.infer<typeof ScanOrigin>;

/** One reading of hosts and endpoints, so far. `finishedAt` is null while it runs. */
export const Scan = z.object({
  id: ScanId,
  state: ScanState,
  startedAt: Instant,
  finishedAt: Instant.nullable(),
  total: z.int(),
  ok: z.int(),
  failed: z.int(),
  partial: z.int(),
  /** The first of its targets, as it is written; null for none. */
  firstTarget: z.string().nullable(),
  /** The host that it is on, by the user's name. */
  firstHost: z.string().nullable(),
  origin: ScanOrigin,
  /**
   * Set where nothing was probed: somebody imported what a collector wrote. The scan has the date when that was
   * collected.
   */
  bundle: z
    .object({ importedAt: Instant, signature: BundleSignature, standing: BundleStandingKind })
    .nullable(),
});
export type Scan = z.infer<typeof Scan>;
