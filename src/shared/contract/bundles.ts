import { z } from "zod";
import { Claim } from "../model/claim.ts";
import { BundleView, ImportedBundle } from "../model/imported-bundle.ts";
import { SIGNED } from "../model/signed.ts";
import { HostName, Port } from "../model/target.ts";
import { command, query } from "./procedure.ts";

/** A part is no longer than one message may be, and all parts of a bundle no longer than a collector writes. */
export const BUNDLE_PART_BYTES = 700 * 1024;
const MOST_PART_BASE64 = 24 * 1024 * 1024;

/** A bundle as it is handed over, and what is known of it beside its bytes. */
const GivenBundle = z.object({
  /** The number of the parts that were handed over before; null: this is all of it. */
  handed: z.uuid().nullable().default(null),
  /** What follows those. */
  base64: z.base64().max(MOST_PART_BASE64),
  /** What the host is called; null: its host keys say so, or else what it calls itself. */
  as: z.object({ host: HostName, port: Port }).nullable().default(null),
  /** Hosts of which an unverified bundle may be kept beside what is known of them. `look` does without. */
  approved: z
    .array(z.object({ host: HostName, port: Port }))
    .max(1_000)
    .default([]),
  /** The namespace of its signature is `latchkey-bundle`. */
  ...SIGNED,
});
export type GivenBundle = z.infer<typeof GivenBundle>;

export const bundles = {
  /** What is carried to an air-gapped host, to the byte, and how it is used there. */
  collector: query.output(z.object({ script: z.string(), instructions: z.string() })),

  /** The same script with a number of its own, which is remembered: what it writes is known to come from this collector. */
  handOut: command.output(z.object({ script: z.string() })),

  /** Holds a part of a bundle that is longer than a message may be, for a while. Nothing is remembered. */
  hand: query
    .input(z.object({ id: z.uuid(), base64: z.base64().max(MOST_PART_BASE64) }))
    .output(z.object({ bytes: z.int() })),

  /** What `import` would make of a bundle; it is refused for the same reasons. */
  look: query.input(GivenBundle).output(BundleView),

  /**
   * Takes a bundle in, wholly or not at all, as a scan of one host. One that was taken in before changes nothing. One that
   * nothing shows to be of a host which is known better is kept beside that, and only where the host is among `approved`.
   */
  import: command.input(GivenBundle).output(ImportedBundle),

  /** What unverified bundles claim of hosts that are known better, the newest first; at most 1,000. */
  claims: query.output(z.array(Claim)),

  /** Forgets one of them. */
  dropClaim: command.input(z.object({ id: z.int() })).output(z.object({})),
};
