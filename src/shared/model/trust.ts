import { z } from "zod";
import { Evaluation } from "./chain.ts";
import { Instant } from "./instant.ts";

/** A root or a revocation list that the user has given. */
export const TrustItem = z.object({
  sha256: z.string(),
  kind: z.enum(["root", "crl"]),
  /** Its subject or its issuer. Written by strangers. */
  label: z.string(),
  /** The file, or the address, that it came from. */
  source: z.string(),
  addedAt: Instant,
});
export type TrustItem = z.infer<typeof TrustItem>;

/** Whose roots: Mozilla's, this system's, or those that the user has given. */
export const TrustStore = z.enum(["mozilla", "system", "yours"]);
export type TrustStore = z.infer<typeof TrustStore>;

/** What one store makes of a chain; a store without roots judges nothing. */
export const StoreVerdict = z.object({
  store: TrustStore,
  /** Where its roots are from, in words. */
  source: z.string(),
  rootCount: z.int(),
  judgement: Evaluation.nullable(),
});
export type StoreVerdict = z.infer<typeof StoreVerdict>;

/** What a certificate is in the chain that it was sent in. */
export const ChainRole = z.enum(["leaf", "intermediate", "root", "stray", "duplicate"]);
export type ChainRole = z.infer<typeof ChainRole>;

export const ChainLink = z.object({ sha256: z.string(), label: z.string(), role: ChainRole });
export type ChainLink = z.infer<typeof ChainLink>;

/** A chain as an endpoint sends it, or, without one, what is known above a certificate. */
export const ChainView = z.object({
  /** Null: no endpoint sends it; what stands above it is put together from what was seen elsewhere. */
  endpoint: z
    .object({ host: z.string(), port: z.int(), serverName: z.string(), lastSeen: Instant })
    .nullable(),
  links: z.array(ChainLink),
  verdicts: z.array(StoreVerdict),
});
export type ChainView = z.infer<typeof ChainView>;

/** What is said of the revocation of a certificate, and by whom. `not-checked`: nobody was asked. */
export const RevocationState = z.enum(["good", "revoked", "unknown", "not-checked"]);
export type RevocationState = z.infer<typeof RevocationState>;

export const RevocationView = z.object({
  state: RevocationState,
  /** Whose word it is: a stapled answer of an endpoint, or the lists that are known. */
  by: z.string(),
  sentence: z.string(),
  /** A host that a certificate names and nobody asks unless the user names it, for it leads to this computer or its link. */
  refusedHost: z.string().optional(),
});
export type RevocationView = z.infer<typeof RevocationView>;

/** That somebody says of a certificate that it is revoked. */
export type Revoked = Pick<RevocationView, "by" | "sentence">;
