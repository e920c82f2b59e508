import { z } from "zod";
import { LoginObservation } from "./access/login.ts";
import { Finding, RuleId, Severity } from "./finding.ts";
import { Outcome } from "./hosts/probe.ts";
import { Target } from "./hosts/target.ts";
import { Instant } from "./instant.ts";
import { AccessCheck, RunId, RunRow } from "./runs/run.ts";
import { Total } from "./total.ts";

/**
 * Why a target is not known as it is now. `failed`: its last probe read nothing; `partial`: its reading was cut short;
 * `limited`: the account that it was read as may not read all of it; `stale`: it was read, longer ago than the user's
 * limit; `unprobed`: no scan has come to it.
 */
export const TargetGap = z.enum(["failed", "partial", "limited", "stale", "unprobed"]);
export type TargetGap = z.infer<typeof TargetGap>;

/** A host or an endpoint that is not known as it is now. */
export const UnknownTarget = z.object({
  target: Target,
  /** What the machine calls itself; null for an endpoint, and where nothing was read. */
  hostname: z.string().nullable(),
  /** Null where it was never probed. */
  outcome: Outcome.nullable(),
  /** When it was last read, wholly or in part; null where it never was. Of an endpoint that failed it is not kept. */
  lastRead: Instant.nullable(),
});
export type UnknownTarget = z.infer<typeof UnknownTarget>;

/** Something that somebody has to do something about. It is gone once that is done, or accepted. */
export const TodayLine = z.discriminatedUnion("kind", [
  /** A run that waits, or that somebody has to resume, repair or roll back. */
  z.object({ kind: z.literal("run"), severity: Severity, run: RunRow }),
  /**
   * Somebody who has left and whose keys are in grants. `login`: whether one of these logs in now (`yes`), may (`unknown`), or
   * would if one setting were otherwise (`dormant`). `accounts`: the first, as `admin on web1`.
   */
  z.object({
    kind: z.literal("former-person"),
    severity: Severity,
    id: z.int(),
    name: z.string(),
    login: z.enum(["yes", "unknown", "dormant"]),
    accounts: z.array(z.string()),
    accountCount: z.int(),
  }),
  /** A key that a run has removed, and that sshd still accepts. */
  z.object({ kind: z.literal("still-accepted"), severity: Severity, runId: RunId, check: AccessCheck }),
  /** A login that stands out, and that nobody has accepted. */
  z.object({ kind: z.literal("login"), severity: Severity, login: LoginObservation }),
  z.object({
    kind: z.literal("finding"),
    severity: Severity,
    finding: Finding,
    /** Who answers for what it is about; null where nobody is named, or several are. */
    owner: z.string().nullable(),
    /** It is about a certificate that expires, and a later one is in its file already: its server has not read it. */
    isRenewed: z.boolean(),
  }),
  /** Reviewers who have not decided on everything in a review whose day is near, or past. */
  z.object({
    kind: z.literal("review"),
    severity: Severity,
    review: z.string(),
    dueAt: Instant,
    /** The first of them. */
    reviewers: z.array(z.string()).min(1),
    reviewerCount: z.int(),
    /** Items that nobody has decided. */
    open: z.int(),
  }),
  /** What was revoked or reassigned in a review and is not done, also after its end. */
  z.object({
    kind: z.literal("undone-review"),
    severity: Severity,
    review: z.string(),
    isOver: z.boolean(),
    /** In no plan; and in one, but not shown to be gone. */
    unplanned: z.int(),
    planned: z.int(),
  }),
  /** Findings of a rule beside those that have lines of their own. */
  z.object({ kind: z.literal("more-findings"), severity: Severity, rule: RuleId, count: z.int() }),
  /** Targets with the same gap and the same outcome. */
  z.object({
    kind: z.literal("unknown-targets"),
    severity: Severity,
    gap: TargetGap,
    targetKind: z.enum(["ssh", "tls"]),
    outcome: Outcome.nullable(),
    /** The first of them. */
    targets: z.array(UnknownTarget).min(1),
    count: Total,
  }),
]);
export type TodayLine = z.infer<typeof TodayLine>;

/** How much of the inventory is known as it is now: all that is said of today depends on it. */
export const TodayCoverage = z.object({
  /** Hosts and endpoints that were probed. */
  probed: z.int(),
  failed: Total,
  partial: Total,
  limited: Total,
  stale: Total,
  unprobed: Total,
});
export type TodayCoverage = z.infer<typeof TodayCoverage>;
