import { z } from "zod";
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
  /** The namespace of its signature is `latchkey-bundle`. */
  ...SIGNED,
});
export type GivenBundle = z.infer<typeof GivenBundle>;

export const bundles = {
  /** What is carried to an air-gapped host, to the byte, and how it is used there. */
  collector: query.output(z.object({ script: z.string(), instructions: z.string() })),

  /** Holds a part of a bundle that is longer than a message may be, for a while. Nothing is remembered. */
  hand: query
    .input(z.object({ id: z.uuid(), base64: z.base64().max(MOST_PART_BASE64) }))
    .output(z.object({ bytes: z.int() })),

  /** What `import` would make of a bundle; it is refused for the same reasons. */
  look: query.input(GivenBundle).output(BundleView),

  /** Takes a bundle in, wholly or not at all, as a scan of one host. One that was taken in before changes nothing. */
  import: command.input(GivenBundle).output(ImportedBundle),
};
