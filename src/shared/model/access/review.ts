import { z } from "zod";
import { Severity } from "../finding.ts";
import { Escalation } from "../hosts/host-reach.ts";
import { LoginMethod, LogWindow } from "../hosts/host-use.ts";
import { ScanId } from "../hosts/scan.ts";
import { Instant } from "../instant.ts";
import { Environment, TagName } from "../label.ts";
import { PlanId } from "../runs/plan.ts";
import { RunId, RunState } from "../runs/run.ts";
import { AccountKind, KindReason, PasswordState, RootStanding } from "./account.ts";
import { KeysGap } from "./keys-reading.ts";
import { Workload } from "./workload.ts";

/** What signatures of answers and of evidence packs are for. */
export const REVIEW_NAMESPACE = "latchkey-review";

/** What the user calls a review; files are named after it. */
export const ReviewName = z
  .string()
  .max(64)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    "a review is named by letters, digits, dots, dashes and underscores; it begins with a letter or a digit",
  );
export type ReviewName = z.infer<typeof ReviewName>;

/** Somebody who decides: a name, a login or an address, as people sources and owners have them. */
export const ReviewerName = z.string().trim().min(1).max(200);

/**
 * What is reviewed. `root`: accounts that are root, become it, may, or are not known not to, and the grants that open them;
 * with a tag or an environment, where it holds. `owner`: the accounts that somebody answers for, the grants that open them, and those of
 * their own keys everywhere else. `no-owner`: accounts that nobody answers for, and grants of keys whose holder is not known or has left.
 * Accounts of the operating system itself are no items but root; grants that open them are.
 */
export const ReviewSelection = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("root"),
    tag: TagName.nullable().default(null),
    environment: Environment.nullable().default(null),
  }),
  z.object({ kind: z.literal("owner"), owner: z.string().trim().min(1).max(200) }),
  z.object({ kind: z.literal("no-owner") }),
]);
export type ReviewSelection = z.infer<typeof ReviewSelection>;

/**
 * Who decides. `owner`: whoever answers for the account, and `otherwise` where nobody does. `named`: the first of them
 * whose own access it is not.
 */
export const ReviewDeciders = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("owner"), otherwise: ReviewerName.nullable().default(null) }),
  z.object({ kind: z.literal("named"), names: z.array(ReviewerName).min(1).max(50) }),
]);
export type ReviewDeciders = z.infer<typeof ReviewDeciders>;

export const ReviewChoice = z.enum(["keep", "revoke", "reassign"]);
export type ReviewChoice = z.infer<typeof ReviewChoice>;

/** What was decided of an item. `to`: who answers for its account from now on, where it is reassigned; null otherwise. */
export const ItemDecision = z.object({
  item: z.int().positive(),
  choice: ReviewChoice,
  to: z.string().trim().min(1).max(200).nullable().default(null),
  reason: z.string().trim().min(1).max(500),
});
export type ItemDecision = z.infer<typeof ItemDecision>;

/** Where it is: the same in both kinds of evidence. `readAt`: when its host had last been read. */
const seenAt = {
  host: z.string(),
  port: z.int(),
  account: z.string(),
  uid: z.int(),
  root: RootStanding,
  accountKind: AccountKind,
  /** Whose account it is, where all its keys are one person's; null where nothing shows that. */
  person: z.string().nullable(),
  /** Who answers for the account, or else for its host; empty for nobody. */
  owner: z.string(),
  firstSeen: Instant,
  lastSeen: Instant,
  readAt: Instant.nullable(),
};

/** A grant as it was when the review was created. Written by strangers in part. */
export const GrantEvidence = z.object({
  kind: z.literal("grant"),
  ...seenAt,
  file: z.string(),
  line: z.int(),
  keyType: z.string().nullable(),
  keyBits: z.int().nullable(),
  fingerprint: z.string().nullable(),
  comment: z.string(),
  options: z.string(),
  login: z.object({ state: z.enum(["yes", "no", "unknown"]), reasons: z.array(z.string()) }),
  /** Who has the key, by people sources, private keys that were found, and approvals. */
  keyOwner: z.object({
    state: z.enum(["known", "gone", "unknown"]),
    who: z.string().nullable(),
    reasons: z.array(z.string()),
  }),
  /** `logs`: how far each log reaches; `notRead`: what could not be read of them. */
  use: z.object({
    state: z.enum(["used", "unused", "unknown"]),
    at: Instant.nullable(),
    from: z.string().nullable(),
    count: z.int(),
    reasons: z.array(z.string()),
    logs: z.array(z.string()),
    notRead: z.array(z.string()),
  }),
  approval: z.object({ owner: z.string(), purpose: z.string() }).nullable(),
  findings: z.array(z.object({ rule: z.string(), severity: Severity, sentence: z.string() })),
});
export type GrantEvidence = z.infer<typeof GrantEvidence>;

/** How an account is entered, beside its keys and its password, and what shows who has. */
export const AccountEntries = z.object({
  /** Why more keys may open it than are known; null where all are. */
  keysGap: KeysGap.nullable(),
  /** Who may run commands as it: the first of `becomerCount`. */
  becomers: z.array(z.object({ account: z.string(), by: Escalation.shape.by, isCertain: z.boolean() })),
  becomerCount: z.int(),
  /** Programs that whoever starts them runs as this account, and whom keytabs of the host make of root; null: not all were read. */
  setuidPrograms: z.array(z.string()).nullable(),
  principals: z.array(z.string()).nullable(),
  /** Logins without a key, the latest first. */
  otherLogins: z.array(z.object({ method: LoginMethod, by: z.string(), lastAt: Instant })),
  logs: z.array(LogWindow),
});
export type AccountEntries = z.infer<typeof AccountEntries>;

/** An account as it was when the review was created. Written by strangers in part. */
export const AccountEvidence = z.object({
  kind: z.literal("account"),
  ...seenAt,
  /** When its kind, whether it becomes root, its keys, its password and what runs as it were read, and whether by root. */
  evaluatedAt: Instant,
  isByRoot: z.boolean(),
  reasons: z.array(KindReason),
  shell: z.string(),
  home: z.string(),
  groups: z.array(z.string()),
  passwordState: PasswordState,
  expiresAt: Instant.nullable(),
  /** The first of `workloadCount`. */
  workloads: z.array(Workload),
  workloadCount: z.int(),
  grantCount: z.int(),
  ...AccountEntries.shape,
  /** Authorities of sshd whose certificates let somebody in, or may. */
  authorityCount: z.int(),
  lastLoginAt: Instant.nullable(),
  findings: z.array(z.object({ rule: z.string(), severity: Severity, sentence: z.string() })),
});
export type AccountEvidence = z.infer<typeof AccountEvidence>;

/** What is known of the account beside the row that a list shows. `kind`: `unknown` where the account was not read. */
export type ReviewedGrant = {
  id: number;
  uid: number;
  root: RootStanding;
  kind: AccountKind;
  person: string | null;
  owner: string;
  readAt: Instant | null;
};

export type ReviewedAccount = {
  id: number;
  person: string | null;
  readAt: Instant | null;
  home: string;
  groups: string[];
  workloads: Workload[];
} & AccountEntries;

export const ReviewEvidence = z.discriminatedUnion("kind", [GrantEvidence, AccountEvidence]);
export type ReviewEvidence = z.infer<typeof ReviewEvidence>;

/**
 * How far an item has come. `planned`: a plan revokes it, or disables the account. `closed`: it was revoked, and a reading by root that
 * began later has seen all that lets in there, and not this.
 */
export const ReviewItemState = z.enum([
  "open",
  "kept",
  "to-reassign",
  "reassigned",
  "to-revoke",
  "planned",
  "to-disable",
  "closed",
]);
export type ReviewItemState = z.infer<typeof ReviewItemState>;

/**
 * Who says that a decision is the reviewer's. `typed`: whoever used this program. `signed`: a key that a people source has as
 * the reviewer's. `unsigned`: a file, which anybody can have written.
 */
export const AnswerSource = z.enum(["typed", "signed", "unsigned"]);
export type AnswerSource = z.infer<typeof AnswerSource>;

/** Decisions that were made together: typed, or in one answer file. */
export const ReviewAnswer = z.object({
  id: z.int(),
  reviewer: z.string(),
  source: AnswerSource,
  /** Who typed it or imported it here. */
  by: z.string(),
  /** Of the key that has signed it; null where none has. */
  fingerprint: z.string().nullable(),
  at: Instant,
  /** It came after the day on which it was due. */
  isLate: z.boolean(),
  /** It came in a file, whose bytes are kept. */
  hasFile: z.boolean(),
  decisions: z.int(),
});
export type ReviewAnswer = z.infer<typeof ReviewAnswer>;

export const ANSWER_FORMAT = "latchkey-review-answer-1";

/** A file for a reviewer has at most so many items: a browser still opens it, and somebody still reads it. */
export const MOST_OFFLINE_ITEMS = 2_000;

/** The answer of a reviewer, as their page saves it. */
export const AnswerFile = z.strictObject({
  format: z.literal(ANSWER_FORMAT),
  /** The token of the review. */
  review: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().max(64),
  reviewer: z.string().min(1).max(200),
  snapshot: z.string().regex(/^[0-9a-f]{64}$/),
  /** By the clock of the reviewer's computer, which decides nothing. */
  writtenAt: z.string().max(40),
  decisions: z.array(ItemDecision).min(1).max(MOST_OFFLINE_ITEMS),
});
export type AnswerFile = z.infer<typeof AnswerFile>;

/**
 * Why a decision of an answer file does not count. `other-reviewer`: somebody else decides on it by now. `decided`: it was decided
 * otherwise. `underway`: a plan revokes it, or it is gone. `root`: nothing disables root.
 */
export const RefusedDecision = z.enum(["other-reviewer", "own-access", "decided", "underway", "root"]);
export type RefusedDecision = z.infer<typeof RefusedDecision>;

/** What came of an answer file. */
export const ImportedAnswer = z.object({
  review: z.string(),
  reviewer: z.string(),
  source: AnswerSource,
  /** Of the key that has signed it, whoever's that is; null where none has. */
  fingerprint: z.string().nullable(),
  isLate: z.boolean(),
  accepted: z.int(),
  /** Decided so before. */
  same: z.int(),
  refused: z.array(z.object({ item: z.int(), why: RefusedDecision })),
});
export type ImportedAnswer = z.infer<typeof ImportedAnswer>;

/** The latest decision of an item, and where it comes from. */
export const ReviewDecision = z.object({
  choice: ReviewChoice,
  to: z.string().nullable(),
  reason: z.string(),
  answer: z.int(),
  reviewer: z.string(),
  source: AnswerSource,
  by: z.string(),
  at: Instant,
  isLate: z.boolean(),
});
export type ReviewDecision = z.infer<typeof ReviewDecision>;

/**
 * What keeps an item open that was revoked, by the last readings. `line`: its key stands there. `entries`: what still lets somebody into
 * the account. `successor`: an account that has its number since then. `name`: another name of its number, which is not disabled.
 * `reading`: a reading by root that has seen all of it; `gap`: why the last one has not, null where there was none since.
 */
export const ReviewWait = z.discriminatedUnion("for", [
  z.object({ for: z.literal("line"), account: z.string(), file: z.string(), line: z.int() }),
  z.object({
    for: z.literal("entries"),
    isLocked: z.boolean(),
    isExpired: z.boolean(),
    grants: z.int(),
    authorities: z.int(),
  }),
  z.object({ for: z.literal("successor"), account: z.string() }),
  z.object({ for: z.literal("name"), account: z.string() }),
  z.object({ for: z.literal("reading"), gap: KeysGap.nullable() }),
]);
export type ReviewWait = z.infer<typeof ReviewWait>;

/** What one plan of a review does: it removes grants, or disables accounts with all that lets into them. */
export const PlanWhat = z.enum(["grants", "accounts"]);
export type PlanWhat = z.infer<typeof PlanWhat>;

/** The review that a plan revokes items of. `refused`: the numbers of those that its refused checks are about. */
export const PlanReview = z.object({ name: ReviewName, refused: z.array(z.int()) });
export type PlanReview = z.infer<typeof PlanReview>;

/**
 * An account for which nothing is done. `root`: no run disables it, by any name. `gone`: there is no such account any more. `owners`: a later
 * decision on another item names another owner of it.
 */
export const UnplannedAccount = z.object({
  host: z.string(),
  port: z.int(),
  account: z.string(),
  why: z.enum(["root", "gone", "owners"]),
});
export type UnplannedAccount = z.infer<typeof UnplannedAccount>;

/** A decision that was ever made, also one of which a later one has taken the place. */
export const RecordedDecision = ItemDecision.extend(
  ReviewDecision.omit({ choice: true, to: true, reason: true }).shape,
);
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** Something that a review is about. `item`: its number in the review, from 1. */
export const ReviewItem = z.object({
  item: z.int(),
  /** The id of the grant or of the account. */
  about: z.int(),
  reviewer: z.string(),
  state: ReviewItemState,
  evidence: ReviewEvidence,
  /** Null while nobody has decided. */
  decision: ReviewDecision.nullable(),
  planId: PlanId.nullable(),
  runId: RunId.nullable(),
  /** The last reading that has shown that it is gone; null while none has. */
  closedBy: z.object({ scan: ScanId, at: Instant }).nullable(),
  /** Null where nothing is revoked, and where it is closed. */
  waitsFor: ReviewWait.nullable(),
});
export type ReviewItem = z.infer<typeof ReviewItem>;

/** What a reviewer has done of their part. */
export const ReviewerProgress = z.object({
  name: z.string(),
  items: z.int(),
  decided: z.int(),
  /** No people source has anybody who is called so, though there are some: what is their own access is not known. */
  isUnknown: z.boolean(),
});
export type ReviewerProgress = z.infer<typeof ReviewerProgress>;

export const ReviewRow = z.object({
  id: z.int(),
  name: ReviewName,
  selection: ReviewSelection,
  deciders: ReviewDeciders,
  createdAt: Instant,
  dueAt: Instant,
  /** Null while it takes decisions. */
  endedAt: Instant.nullable(),
  items: z.int(),
  decided: z.int(),
  /** What it may have been about as well: of these the environment is not known. */
  leftOut: z.int(),
});
export type ReviewRow = z.infer<typeof ReviewRow>;

export const StateCount = z.object({ state: ReviewItemState, count: z.int() });
export type StateCount = z.infer<typeof StateCount>;

export const ReviewDetail = ReviewRow.extend({
  /** SHA-256 over its items as they were frozen. */
  snapshot: z.string(),
  reviewers: z.array(ReviewerProgress),
  /** How many items are in each state; those of 0 are left out. */
  states: z.array(StateCount),
  answerCount: z.int(),
  /** Another value after anything has changed in the database: what is read page by page is of one moment while it is the same. */
  moment: z.string(),
  plans: z.array(
    z.object({
      planId: PlanId,
      madeAt: Instant,
      items: z.int(),
      /** Null: there is no such plan any more, or it is not ready. */
      hash: z.string().nullable(),
      run: z
        .object({ id: RunId, state: RunState, startedAt: Instant, endedAt: Instant.nullable() })
        .nullable(),
    }),
  ),
});
export type ReviewDetail = z.infer<typeof ReviewDetail>;

/** What of a review was decided and is not done: in no plan, or planned and not shown to be gone. */
export function countUndone(states: readonly StateCount[]): { unplanned: number; planned: number } {
  const count = (of: readonly ReviewItemState[]) =>
    states.reduce((sum, one) => (of.includes(one.state) ? sum + one.count : sum), 0);
  return { unplanned: count(["to-revoke", "to-disable", "to-reassign"]), planned: count(["planned"]) };
}
