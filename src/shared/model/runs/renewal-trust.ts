import { z } from "zod";
import { TrustStore } from "../certificates/chain.ts";

/** Whose clients accept a certificate before its renewal and after it. Every name in it was written by strangers. */

/** The chain above a certificate, as far as it is known here. */
export const KnownChain = z.object({
  /** Who signed the certificate, by name; empty: it has no name. */
  issuer: z.string(),
  /** Nobody else has signed it: whoever trusts it was given the certificate itself. */
  isSelfSigned: z.boolean(),
  /** The name of its root; null: its root is not known here. */
  root: z.string().nullable(),
  /** The SHA-256 of the root; where that is not known, of the highest certificate that is. */
  end: z.string(),
  /** Stores whose roots trust it. One that is in neither list does not, or has no roots. */
  trustedBy: z.array(TrustStore),
  /** Stores of which this program cannot say whether they trust it. */
  unknownTo: z.array(TrustStore),
});
export type KnownChain = z.infer<typeof KnownChain>;

export const RenewalTrust = z.object({
  /** Null: the old certificate cannot be read. */
  old: KnownChain.nullable(),
  /** Null: it is not known before it is issued. */
  next: KnownChain.nullable(),
  /**
   * What `next` is known by: the certificate of our own authority, the chain that the issuer signed last, or the issued
   * certificate itself.
   */
  by: z.enum(["authority", "last-issued", "issued"]).nullable(),
  /** Whether the new chain leads to the root of the old one. */
  root: z.enum(["same", "other", "unknown"]),
  /** Of the stores that trust the old chain: those that do not trust the new one, */
  lost: z.array(TrustStore),
  /** those that trust both, */
  kept: z.array(TrustStore),
  /** and those of which this is not known for one of the two. */
  unsure: z.array(TrustStore),
});
export type RenewalTrust = z.infer<typeof RenewalTrust>;
