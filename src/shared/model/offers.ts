import { z } from "zod";

/** `unknown`: it hung up or said nothing, which may be for another reason. */
export const Offer = z.object({ name: z.string(), state: z.enum(["accepted", "refused", "unknown"]) });
export type Offer = z.infer<typeof Offer>;

/**
 * What a server takes when it is asked for one thing at a time: versions from the newest to the oldest, and groups of
 * TLS 1.3, those that resist quantum computers first. Without TLS 1.3 it has none of these.
 */
export const Capabilities = z.object({ versions: z.array(Offer), groups: z.array(Offer) });
export type Capabilities = z.infer<typeof Capabilities>;
