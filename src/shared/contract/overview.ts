import { z } from "zod";
import { CertificateRow } from "../model/certificates/certificate.ts";
import { RuleId, Severity } from "../model/finding.ts";
import { Scan } from "../model/hosts/scan.ts";
import { Instant } from "../model/instant.ts";
import { query } from "./procedure.ts";

export const Overview = z.object({
  /** Nothing was scanned yet: the page shows the first steps. */
  isEmpty: z.boolean(),
  hosts: z.object({ total: z.int(), read: z.int(), partial: z.int(), failed: z.int() }),
  endpoints: z.object({ total: z.int(), presented: z.int(), failed: z.int() }),
  certificates: z.object({ total: z.int(), expired: z.int(), within30Days: z.int() }),
  grants: z.object({
    total: z.int(),
    yes: z.int(),
    no: z.int(),
    unknown: z.int(),
    orphaned: z.int(),
    /** The inventory is marked complete, and whether these are orphans depends on hosts that were not read whole. */
    orphanUnknown: z.int(),
    /** Grants with a key of which no private key is known. */
    privateKeyNotFound: z.int(),
  }),
  /** How many findings of each rule, the most severe first. */
  findings: z.array(z.object({ rule: RuleId, severity: Severity, count: z.int() })),
  /** How many certificates expire in each of the next twelve weeks. */
  expiryByWeek: z.array(z.object({ from: Instant, count: z.int() })),
  /** The next to expire, and those that have expired. */
  nextToExpire: z.array(CertificateRow),
  lastScan: Scan.nullable(),
});
export type Overview = z.infer<typeof Overview>;

export const overview = { read: query.output(Overview) };
