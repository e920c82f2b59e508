import { z } from "zod";
import { Instant } from "./instant.ts";

/** A certificate that stood at a place before or after another. */
export const Neighbour = z.object({ sha256: z.string(), subject: z.string(), notAfter: z.string() });
export type Neighbour = z.infer<typeof Neighbour>;

/** How long a certificate has been at one place, and what was there before and after. */
export const PlaceSpan = z.object({
  kind: z.enum(["endpoint", "file"]),
  host: z.string(),
  /** The port and the name asked for, or the path. Written by strangers in part. */
  where: z.string(),
  /** Its place in the chain or in the file: 0 is the first. */
  position: z.int(),
  /** The scan that first saw it there, and the one that found it no more; null while it is there. */
  from: Instant,
  until: Instant.nullable(),
  /** What it replaced there, and what replaced it; null where nothing did, or nobody saw it. */
  before: Neighbour.nullable(),
  after: Neighbour.nullable(),
});
export type PlaceSpan = z.infer<typeof PlaceSpan>;
