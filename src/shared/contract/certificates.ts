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
  /** The SHA-256 of a SubjectPublicKeyInfo: end-entity certificates with this key. */
  spki: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null),
  /** Certificates that break the same rules of a profile; the id is that of a finding's object. */
  violation: z.int().nullable().default(null),
  /** The owner's name, as the user set it; empty: certificates without an owner. */
  owner: z.string().max(200).nullable().default(null),
  /** Only certificates that have an owner. */
  owned: z.boolean().default(false),
  tag: z.string().max(64).nullable().default(null),
  /** The kind of its key, as `keyType` of a certificate has it. */
  keyType: z.string().max(120).nullable().default(null),
  /** A text that the name of its issuer contains. */
  issuer: z.string().min(1).max(200).nullable().default(null),
});
export type CertificateFilter = z.infer<typeof CertificateFilter>;

export const certificates = {
  /** Certificates that are seen somewhere now. By default the first to expire come first. */
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

  /** The ASN.1 of one certificate, a level at a time: the elements in the one at `offset`; null: the outermost one. */
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

  /** The endpoints that showed a chain in this scan, in the order of their probes, with what is known of them now. */
  ofScan: query.input(Page.extend({ scanId: ScanId })).output(listOf(Endpoint)),
};

export const served = {
  /**
   * What the configurations of hosts say is served, and what is served. By default what needs attention comes first.
   */
  list: query
    .input(
      z.object({
        search: Search,
        state: ServedState.nullable().default(null),
        host: z.string().max(253).nullable().default(null),
        /** Rows whose configuration names this certificate, or whose endpoint served it. */
        sha256: Sha256.nullable().default(null),
        sort: sortedBy(["state", "host"]).default({ by: "state", descending: false }),
        ...Page.shape,
      }),
    )
    .output(listOf(ServedRow)),
};

/**
 * A certificate whose authority is contacted. `hosts`: the hosts that the user has named. Any other host that is this
 * computer or on its own link is not contacted.
 */
const RevocationRequest = z.object({
  sha256: Sha256,
  hosts: z.array(z.string().min(1).max(255)).max(8).default([]),
});

export const chains = {
  /** The chain above a certificate, as each endpoint sends it, and the verdict of each trust store on it now. */
  read: query
    .input(z.object({ sha256: Sha256 }))
    .output(z.object({ chains: z.array(ChainView), isPublic: z.boolean().nullable() })),

  /** What stapled answers and the imported revocation lists say of its revocation. Nothing is fetched. */
  revocation: query.input(z.object({ sha256: Sha256 })).output(
    z.object({
      views: z.array(RevocationView),
      /** The addresses of lists and responders that the certificate names. Written by strangers. */
      lists: z.array(z.string()),
      responders: z.array(z.string()),
    }),
  ),

  /** The roots and revocation lists that the user has provided. */
  trusted: query.output(z.array(TrustItem)),

  /** Imports the roots or revocation lists of a file. `added`: how many were not there before. */
  trust: command
    .input(
      z.object({
        kind: z.enum(["root", "crl"]),
        name: z.string().min(1).max(4_096),
        base64: z.base64().max(96 * 1024 * 1024),
      }),
    )
    .output(z.object({ added: z.int(), known: z.int() })),

  /** Fetches the revocation lists that a certificate names. `failed`: which could not be fetched, and why. */
  fetchLists: command.input(RevocationRequest).output(
    z.object({
      added: z.int(),
      known: z.int(),
      failed: z.array(z.object({ address: z.string(), why: z.string() })),
    }),
  ),

  /**
   * Asks the OCSP responders that a certificate names; an answer that it is revoked is kept. This and `fetchLists`
   * alone connect to addresses that a certificate names.
   */
  queryResponders: command.input(RevocationRequest).output(z.object({ views: z.array(RevocationView) })),

  distrust: command.input(z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })).output(z.object({})),
};
