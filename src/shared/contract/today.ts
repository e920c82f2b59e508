import { z } from "zod";
import { CertificateRow } from "../model/certificates/certificate.ts";
import { RuleId, Severity } from "../model/finding.ts";
import { Scan } from "../model/hosts/scan.ts";
import { Instant } from "../model/instant.ts";
import { TodayCoverage, TodayLine } from "../model/today.ts";
import { command, query } from "./procedure.ts";

export const Figures = z.object({
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
export type Figures = z.infer<typeof Figures>;

/** After so many days without a reading a target counts as not known, unless the user says otherwise. */
export const DEFAULT_MAX_AGE_DAYS = 7;

export const MaxAgeDays = z.int().min(1).max(3_650);

export const Today = z.object({
  /** Nothing was scanned yet. */
  isEmpty: z.boolean(),
  /** The most urgent first. */
  lines: z.array(TodayLine),
  coverage: TodayCoverage,
  maxAgeDays: MaxAgeDays,
});
export type Today = z.infer<typeof Today>;

export const today = {
  /** What needs somebody now. `maxAgeDays`: instead of the user's limit. */
  read: query.input(z.object({ maxAgeDays: MaxAgeDays.nullable().default(null) })).output(Today),

  /** How much of the inventory is known as it is now. */
  coverage: query
    .input(z.object({ maxAgeDays: MaxAgeDays.nullable().default(null) }))
    .output(Today.omit({ lines: true })),

  /** Counts of everything, and what expires next. */
  figures: query.output(Figures),

  /** After how many days without a reading a target counts as not known. */
  setMaxAge: command.input(z.object({ days: MaxAgeDays })).output(z.object({ hasChanged: z.boolean() })),
};
