import { z } from "zod";
import { BundleSignature, ClaimReason } from "./bundle.ts";
import { Instant } from "./instant.ts";
import { HostName, Port } from "./target.ts";

/** What a bundle tells of one kind of thing otherwise than what is known: how many, and some of each by name. */
export const ClaimDifference = z.object({
  what: z.enum(["account", "grant", "key file", "host key", "certificate"]),
  /** In the bundle alone. */
  claimedCount: z.int(),
  claimed: z.array(z.string()),
  /** Known, and not in the bundle. */
  knownCount: z.int(),
  known: z.array(z.string()),
});
export type ClaimDifference = z.infer<typeof ClaimDifference>;

/** A bundle of a host that is known better: it stands beside that, and changes none of it. */
export const Claim = z.object({
  id: z.int(),
  host: HostName,
  port: Port,
  /** By the clock of whoever collected it. */
  collectedAt: Instant,
  importedAt: Instant,
  readAs: z.string(),
  accountCount: z.int(),
  signature: BundleSignature,
  why: ClaimReason,
  /** As it was when it was imported; of each kind that differs. */
  differences: z.array(ClaimDifference),
});
export type Claim = z.infer<typeof Claim>;
