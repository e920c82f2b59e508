import { z } from "zod";
import { HostKeyView } from "./probe.ts";

/**
 * Who signed a bundle. `known`: the key is of somebody in a roster, or was named for this import. `gone`: of somebody who
 * has left. `unknown`: the signature is right, and nobody here knows the key. `unsupported`: it cannot be checked here.
 */
export const BundleSignature = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  HostKeyView.extend({ kind: z.enum(["known", "gone"]), signer: z.string() }),
  HostKeyView.extend({ kind: z.literal("unknown") }),
  z.object({ kind: z.literal("unsupported"), why: z.string() }),
]);
export type BundleSignature = z.infer<typeof BundleSignature>;

/** What a signature of a bundle is for: one that was made for something else is none. */
export const SIGNATURE_NAMESPACE = "latchkey-bundle";

/** The most that a collector writes, and so the most that a bundle holds. */
export const MOST_BUNDLE_BYTES = 16 * 1024 * 1024;

/** How every bundle begins, after what a login may have said before it. */
export const BUNDLE_START = "latchkey-collection 1 ";
