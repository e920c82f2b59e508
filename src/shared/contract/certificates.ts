import { z } from "zod";
import { Asn1Level, CertificateDetail, CertificateRow, Sha256 } from "../model/certificates/certificate.ts";
import { ChainView, RevocationView, TrustItem } from "../model/certificates/chain.ts";
import { ServedRow, ServedState } from "../model/certificates/served.ts";
import { Endpoint } from "../model/hosts/endpoint.ts";
import { ScanId } from "../model/hosts/scan.ts";
import { TlsTarget } from "../model/hosts/target.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

export const CertificateFilter = z.object({
  search: Search,
  /** Those that expire within so many days, and those that have expired already. */
  expiringWithinDays: z.int().min(0).max(36_500).nullable().default(null),
  /** End-entity certificates or those of authorities; null for both. */
  role: z.enum(["leaf", "authority"]).nullable().default(null),
  /** Where it is seen now: at an endpoint, in a file; null for both. */
  location: z.enum(["endpoint", "file"]).nullable().default(null),
  host: z.string().max(253).nullable().default(null),
  /** The SHA-256 of a SubjectPublicKeyInfo: those of end entities with this key. */
  spki: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null),
  /** Those that break the same rules of a profile: the id of what a finding is about. */
  violation: z.int().nullable().default(null),
  /** The user's own name for who answers for it; empty for nobody. */
  owner: z.string().max(200).nullable().default(null),
  tag: z.string().max(64).nullable().default(null),
});
export type CertificateFilter = z.infer<typeof CertificateFilter>;

export const certificates = {
  /** Those that are seen somewhere now. By default the first to expire come first. */
  list: query
    .input(
      CertificateFilter.extend({
        sort: sortedBy(["notAfter", "subject", "issuer", "keyType", "locationCount"]).default({
          by: "notAfter",
          descending: false,
        }),
        /** At most so many locations a row; `locationCount` says how many there are. */
        locationLimit: z.int().min(0).max(100_000).default(3),
        ...Page.shape,
      }),
    )
    .output(listOf(CertificateRow)),

  find: query.input(z.object({ sha256: Sha256 })).output(CertificateDetail),

  /** The ASN.1 of one, a level at a time: what stands in the element at `offset`, or for null the outermost. */
  asn1: query
    .input(
      z.object({
        sha256: Sha256,
        offset: z.int().min(0).nullable().default(null),
        skip: z.int().min(0).default(0),
        limit: z.int().min(1).max(1_000).default(100),
      }),
    )
    .output(Asn1Level),
};

export const endpoints = {
  find: query.input(TlsTarget.omit({ kind: true })).output(Endpoint),

  /** Those that showed a chain in this scan, in the order of their probes, with what is known of them now. */
  ofScan: query.input(Page.extend({ scanId: ScanId })).output(listOf(Endpoint)),
};

export const served = {
  /** What the configurations of hosts say is served where, and what is. By default what needs attention comes first. */
  list: query
    .input(
      z.object({
        search: Search,
        state: ServedState.nullable().default(null),
        host: z.string().max(253).nullable().default(null),
        /** Where this certificate is to be served, or was. */
        sha256: Sha256.nullable().default(null),
        sort: sortedBy(["state", "host"]).default({ by: "state", descending: false }),
        ...Page.shape,
      }),
    )
    .output(listOf(ServedRow)),
};

/**
 * A certificate whose authority is gone to. `hosts`: those that the user has named; of the others none is on this computer or
 * on its own link.
 */
const RevocationRequest = z.object({
  sha256: Sha256,
  hosts: z.array(z.string().min(1).max(255)).max(8).default([]),
});

export const chains = {
  /** What stands above a certificate, as each endpoint sends it, and what each store of roots makes of it now. */
  read: query
    .input(z.object({ sha256: Sha256 }))
    .output(z.object({ chains: z.array(ChainView), isPublic: z.boolean().nullable() })),

  /** What is said of its revocation by stapled answers and by the lists that were given. Nothing is fetched. */
  revocation: query.input(z.object({ sha256: Sha256 })).output(
    z.object({
      views: z.array(RevocationView),
      /** Where its authority says that lists and answers are to be had. Written by strangers. */
      lists: z.array(z.string()),
      responders: z.array(z.string()),
    }),
  ),

  /** The roots and revocation lists that were given. */
  trusted: query.output(z.array(TrustItem)),

  /** Takes the roots or revocation lists out of a file. `added`: how many were not there before. */
  trust: command
    .input(
      z.object({
        kind: z.enum(["root", "crl"]),
        name: z.string().min(1).max(4_096),
        base64: z.base64().max(96 * 1024 * 1024),
      }),
    )
    .output(z.object({ added: z.int(), known: z.int() })),

  /** Fetches the revocation lists that a certificate names, from wherever it says. `failed`: which could not be had, and why. */
  fetchLists: command.input(RevocationRequest).output(
    z.object({
      added: z.int(),
      known: z.int(),
      failed: z.array(z.object({ address: z.string(), why: z.string() })),
    }),
  ),

  /**
   * Asks the OCSP responders that a certificate names, wherever they are; that one says it is revoked is kept. But for this and
   * `fetchLists`, nothing that a certificate names is ever gone to.
   */
  queryResponders: command.input(RevocationRequest).output(z.object({ views: z.array(RevocationView) })),

  distrust: command.input(z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })).output(z.object({})),
};
