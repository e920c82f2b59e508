import { z } from "zod";
import { Instant } from "../instant.ts";
import { BundleSignature, BundleStanding, ClaimDifference } from "./bundle.ts";
import { ProbeState } from "./probe.ts";
import { ScanId } from "./scan.ts";
import { HostName, Port } from "./target.ts";

/** A bundle that can be imported, or was. */
const BundleFacts = z.object({
  /** When it was collected, by the host's own clock; that of this computer where the host's was ahead of it. */
  collectedAt: Instant,
  /** What the host calls itself, and what it runs. */
  hostname: z.string().nullable(),
  os: z.string().nullable(),
  readAs: z.string(),
  /** Where it is in the inventory. */
  host: HostName,
  port: Port,
  /** No host that is known has its keys. */
  isNewHost: z.boolean(),
  accountCount: z.int(),
  signature: BundleSignature,
  /** Whether it is of the host where it is in the inventory. */
  standing: BundleStanding,
  /** Why no host key has signed it, as far as whoever collected it said so; empty otherwise. */
  whyUnsigned: z.string(),
  /** How it differs from what is known, where it is kept as a claim; null where it is not. */
  differences: z.array(ClaimDifference).nullable(),
  /** When the collector that wrote it was issued here; null: it was not, or does not say which it is. */
  collectorIssuedAt: Instant.nullable(),
  /** What whoever imports it should know, each a sentence. */
  notes: z.array(z.string()),
});

export const ImportedBundle = BundleFacts.extend({
  /** Null where it is kept as a claim, and so is no scan of the host. */
  scanId: ScanId.nullable(),
  importedAt: Instant,
  /** It had been imported before: nothing has changed. */
  wasKnown: z.boolean(),
  /** It had been imported before without its host's signature, which is kept now. */
  isSignedSince: z.boolean(),
  /** How much of the host was read, with a sentence where that is not all. */
  state: ProbeState,
  message: z.string(),
});
export type ImportedBundle = z.infer<typeof ImportedBundle>;

export const BundleView = BundleFacts.extend({
  /** When it was imported before; null: never. */
  importedAt: Instant.nullable(),
});
export type BundleView = z.infer<typeof BundleView>;
