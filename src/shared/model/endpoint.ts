import { z } from "zod";
import { Sha256 } from "./certificate.ts";
import { Instant } from "./instant.ts";
import { Capabilities } from "./offers.ts";
import { Outcome, ProbeState } from "./probe.ts";
import { TlsTarget } from "./target.ts";
import { CertificateTimestamp } from "./timestamp.ts";

/** Whose certificates a server asks clients for. Without a name it takes those of any authority, or says no which. */
export const Authorities = z.object({
  /** The first of them, as subjects are written. */
  names: z.array(z.string()),
  total: z.int(),
});
export type Authorities = z.infer<typeof Authorities>;

/** What one address of a name showed when it was last looked at. */
export const EndpointAddress = z.object({
  address: z.string(),
  outcome: Outcome,
  message: z.string(),
  /** The leaf that it last showed; null where it never did, and where that cannot be read. */
  leaf: Sha256.nullable(),
  at: Instant,
});
export type EndpointAddress = z.infer<typeof EndpointAddress>;

/** What is known of an endpoint from the wire, beside its chain. */
export const EndpointFacts = z.object({
  /** TLS version, cipher, group, ALPN, the address, ... in words. */
  facts: z.record(z.string(), z.string()),
  /** Each address of a name that has several; else empty. */
  addresses: z.array(EndpointAddress),
  /** Null: it asks clients for no certificate. */
  authorities: Authorities.nullable(),
  /** Null: it was never asked what it takes. */
  offers: Capabilities.extend({ at: Instant }).nullable(),
  /** Promises of logs that came with the leaf, wherever they stood. */
  timestamps: z.array(CertificateTimestamp),
  /** The size of the stapled answer of OCSP; null where none came. */
  stapleBytes: z.int().nullable(),
});
export type EndpointFacts = z.infer<typeof EndpointFacts>;

/** An endpoint with what its last visit met; its facts are of the last visit that showed a chain. */
export const Endpoint = EndpointFacts.extend({
  target: TlsTarget,
  state: ProbeState,
  outcome: Outcome,
  message: z.string(),
  lastSeen: Instant,
});
export type Endpoint = z.infer<typeof Endpoint>;
