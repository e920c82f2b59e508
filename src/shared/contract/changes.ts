import { z } from "zod";
import {
  Baseline,
  ChangeCount,
  ChangeKind,
  ChangeRow,
  ChangeWhat,
  Day,
  GrantEvent,
  LocationSpan,
} from "../model/access/change.ts";
import { Sha256 } from "../model/certificates/certificate.ts";
import { ScanId } from "../model/hosts/scan.ts";
import { Instant } from "../model/instant.ts";
import { command, listOf, Page, query, Search } from "./procedure.ts";

/**
 * Two scans. Null is the last one for `to`, and for `from` the one before `to`; 0 is before every scan. With `days` and
 * without `from`: from the last scan that had begun so many days ago, or from before every scan.
 */
const Between = z.object({
  from: z.int().min(0).nullable().default(null),
  to: z.int().min(0).nullable().default(null),
  days: z.int().min(1).max(36_500).nullable().default(null),
});

export const ChangeFilter = z.object({
  search: Search,
  host: z.string().max(253).nullable().default(null),
  kind: ChangeKind.nullable().default(null),
  what: ChangeWhat.nullable().default(null),
});
export type ChangeFilter = z.infer<typeof ChangeFilter>;

/** A scan as one side of a comparison; null is before every scan. */
const Side = z.object({ scan: ScanId, at: Instant }).nullable();

/** At most so many grants are approved at once. */
export const MOST_APPROVED = 1_000;

const Ids = z.array(z.int().positive()).max(MOST_APPROVED).default([]);

/** Grants and accounts by their ids, at least one of either. */
const Approved = z
  .object({ grants: Ids, accounts: Ids })
  .refine(({ grants, accounts }) => grants.length + accounts.length > 0, "name a grant or an account");

export const changes = {
  /** What differs at `to` from `from`, the newest first. */
  list: query.input(Between.extend({ ...ChangeFilter.shape, ...Page.shape })).output(listOf(ChangeRow)),

  /** The two scans that are compared, and how many changes of each kind there are on all hosts, or on one. */
  summary: query
    .input(Between.extend({ host: ChangeFilter.shape.host }))
    .output(z.object({ from: Side, to: Side, counts: z.array(ChangeCount) })),

  /** The baseline, and how many grants are new since it and not approved; null where none is set. */
  baseline: query.output(Baseline.extend({ unapproved: z.int() }).nullable()),

  /** Makes a scan the baseline: what it saw is known and meant to be there. Null: the last scan that has ended. */
  setBaseline: command.input(z.object({ scan: ScanId.nullable().default(null) })).output(Baseline),

  clearBaseline: command.output(z.object({ wasSet: z.boolean() })),

  /**
   * Approves grants and accounts, with an owner and a purpose; of an account they become its labels. What was approved
   * before is approved anew.
   */
  approve: command
    .input(
      Approved.safeExtend({
        owner: z.string().trim().min(1).max(200),
        purpose: z.string().trim().min(1).max(500),
        reviewOn: Day.nullable().default(null),
      }),
    )
    .output(z.object({ approved: z.int() })),

  /** Withdraws approvals. */
  unapprove: command.input(Approved).output(z.object({ withdrawn: z.int() })),

  /** Where a certificate is and was, since when and until when, the newest first; the first 500 of them. */
  locations: query.input(z.object({ sha256: Sha256 })).output(z.array(LocationSpan)),

  /** What happened to a grant, the newest first, in all lines that it has stood in. */
  history: query.input(z.object({ grant: z.int() })).output(z.array(GrantEvent)),
};
