import type { ChainReasonCode, Client } from "#shared/model/chain.ts";
import type { Changes } from "./conforming-chain.ts";

/** A chain that breaks one rule of a profile and no other: what it is, the rule, and how it differs from one that is sound. */
export type BrokenChain = {
  what: string;
  /** As `openssl verify` 3.5 and crypto/x509 of Go 1.24 were seen to do. */
  acceptedBy: readonly Client[];
  section: string;
  code: ChainReasonCode;
  changes: () => Changes;
};

export const BOTH: readonly Client[] = ["openssl", "go"];
export const OPENSSL: readonly Client[] = ["openssl"];
export const GO: readonly Client[] = ["go"];
export const NEITHER: readonly Client[] = [];
