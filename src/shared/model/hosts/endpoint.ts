import { z } from "zod";
import { Sha256 } from "../certificates/certificate.ts";
import { Instant } from "../instant.ts";
import { Outcome, ProbeState } from "./probe.ts";
import { TlsTarget } from "./target.ts";

/** `unknown`: it hung up or sent nothing, which may be for another reason. */
export const Capability = z.object({ name: z.string(), state: z.enum(["accepted", "refused", "unknown"]) });
export type Capability = z.infer<typeof Capability>;

/**
 * What a server accepts when it is offered one thing at a time: versions from the newest to the oldest, and groups of
 * TLS 1.3, those that resist quantum computers first. Without TLS 1.3 it has none of these.
 */
export const Capabilities = z.object({ versions: z.array(Capability), groups: z.array(Capability) });
export type Capabilities = z.infer<typeof Capabilities>;

/** A log's promise that it lists a certificate (RFC 6962, 3.2). Its signature is not checked here. */
export const CertificateTimestamp = z.object({
  /** SHA-256 of the log's key, lower-case hex: the log's identity. */
  logId: z.string(),
  /** Null where the time is none that a date can hold. */
  at: Instant.nullable(),
  /** Where it came from: the certificate, the stapled answer of OCSP, or an extension of the handshake. */
  from: z.enum(["certificate", "staple", "handshake"]),
});
export type CertificateTimestamp = z.infer<typeof CertificateTimestamp>;

/**
 * The authorities whose client certificates a server asks for. Without a name it accepts those of any authority, or
 * does not say which.
 */
export const Authorities = z.object({
  /** The first of them, as subjects are written. */
  names: z.array(z.string()),
  total: z.int(),
});
export type Authorities = z.infer<typeof Authorities>;

/** What one address of a name showed when it was last probed. */
export const EndpointAddress = z.object({
  address: z.string(),
  outcome: Outcome,
  message: z.string(),
  /** The leaf that it last showed; null where it never showed one, and where that cannot be read. */
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
  /** Null: its TLS capabilities were never probed. */
  capabilities: Capabilities.extend({ at: Instant }).nullable(),
  /** Promises of logs that came with the leaf, wherever they stood. */
  timestamps: z.array(CertificateTimestamp),
  /** The size of the stapled answer of OCSP; null where none came. */
  stapleBytes: z.int().nullable(),
});
export type EndpointFacts = z.infer<typeof EndpointFacts>;

/** An endpoint with what its last probe met; its facts are of the last probe that showed a chain. */
export const Endpoint = EndpointFacts.extend({
  target: TlsTarget,
  state: ProbeState,
  outcome: Outcome,
  message: z.string(),
  lastSeen: Instant,
});
export type Endpoint = z.infer<typeof Endpoint>;
