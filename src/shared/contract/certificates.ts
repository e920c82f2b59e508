import { z } from "zod";
import { Asn1Level } from "../model/asn1-node.ts";
import { CertificateDetail, CertificateRow, Sha256 } from "../model/certificate.ts";
import { listOf, Page, Search, sortedBy } from "./paging.ts";
import { query } from "./procedure.ts";

export const CertificateFilter = z.object({
  search: Search,
  /** Those that expire within so many days, and those that have expired already. */
  expiringWithinDays: z.int().min(0).max(36_500).nullable().default(null),
  /** End-entity certificates or those of authorities; null for both. */
  role: z.enum(["leaf", "authority"]).nullable().default(null),
  /** Where it is seen now: at an endpoint, in a file; null for both. */
  place: z.enum(["endpoint", "file"]).nullable().default(null),
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
        sort: sortedBy(["notAfter", "subject", "issuer", "keyType", "placeCount"]).default({
          by: "notAfter",
          descending: false,
        }),
        /** At most so many places a row; `placeCount` says how many there are. */
        placeLimit: z.int().min(0).max(100_000).default(3),
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
