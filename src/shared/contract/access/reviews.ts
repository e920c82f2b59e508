import { z } from "zod";
import {
  ImportedAnswer,
  ItemDecision,
  PlanWhat,
  RecordedDecision,
  ReviewAnswer,
  ReviewChoice,
  ReviewDeciders,
  ReviewDetail,
  ReviewerName,
  ReviewItem,
  ReviewItemState,
  ReviewName,
  ReviewRow,
  ReviewSelection,
  UnplannedAccount,
} from "../../model/access/review.ts";
import { Instant } from "../../model/instant.ts";
import { LocalPath } from "../../model/local-file.ts";
import { PlanId } from "../../model/runs/plan.ts";
import { PlanOptions } from "../../model/runs/plan-options.ts";
import { command, listOf, Page, query, Search, sortedBy } from "../procedure.ts";

/** At most so many items are decided at once. */
export const MOST_DECIDED = 10_000;

/** An answer about as many items as a file may have, each with the longest reason. */
const MOST_ANSWER_BASE64 = 8 * 1024 * 1024;

const OfReview = z.object({ review: ReviewName });

export const reviews = {
  /** By default the last one that is due comes first. */
  list: query
    .input(
      z.object({
        /** Null: those that take decisions, and those that have ended. */
        isOver: z.boolean().nullable().default(null),
        sort: sortedBy(["due", "name"]).default({ by: "due", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(ReviewRow)),

  find: query.input(OfReview).output(ReviewDetail),

  /** What a review is about, in the order in which it was frozen. */
  items: query
    .input(
      OfReview.extend({
        search: Search,
        reviewer: z.string().max(200).nullable().default(null),
        state: ReviewItemState.nullable().default(null),
        ...Page.shape,
      }),
    )
    .output(listOf(ReviewItem)),

  item: query.input(OfReview.extend({ item: z.int().positive() })).output(ReviewItem),

  /**
   * Chooses what is reviewed and freezes it, with who decides on each of it. Resolves when all is frozen: of a million grants
   * that is minutes.
   */
  create: command
    .input(
      z.object({ name: ReviewName, selection: ReviewSelection, deciders: ReviewDeciders, dueAt: Instant }),
    )
    .output(ReviewDetail),

  /** Decides on items, all or none, as whoever uses this program. */
  decide: command
    .input(
      OfReview.extend({
        items: z.array(z.int().positive()).min(1).max(MOST_DECIDED),
        choice: ReviewChoice,
        to: ItemDecision.shape.to,
        reason: ItemDecision.shape.reason,
      }),
    )
    .output(z.object({ decided: z.int() })),

  /** Has somebody else decide on items of which nobody has decided. */
  assign: command
    .input(OfReview.extend({ items: z.array(z.int().positive()).min(1).max(MOST_DECIDED), to: ReviewerName }))
    .output(z.object({ assigned: z.int() })),

  /**
   * With `grants`, reassigns what is to be reassigned, and plans that all grants go which are in no plan yet; with `accounts`, plans that all
   * accounts are disabled which were revoked, with their grants. A plan of the same kind that nobody has applied gives way to it. `except`: items
   * that are left out; they stay as they are.
   */
  plan: command
    .input(
      OfReview.extend({
        what: PlanWhat.default("grants"),
        except: z.array(z.int().positive()).max(MOST_DECIDED).default([]),
        options: PlanOptions.prefault({}),
        identityFiles: z.array(LocalPath("identity")).max(32).default([]),
        mayPrompt: z.boolean().default(false),
      }),
    )
    .output(
      z.object({
        /** Null where there is nothing to plan that is in no plan yet. */
        planId: PlanId.nullable(),
        grants: z.int(),
        /** How many accounts it disables; of `grants`, how many are left to be disabled. */
        accounts: z.int(),
        reassigned: z.int(),
        /** Of `except`, how many stay to be revoked, disabled or reassigned. */
        leftOut: z.int(),
        unplanned: z.array(UnplannedAccount),
      }),
    ),

  /** One file for a reviewer, who decides without Latchkey and without a network. */
  export: query
    .input(OfReview.extend({ reviewer: ReviewerName }))
    .output(z.object({ html: z.string(), items: z.int() })),

  /**
   * Takes the answer that a reviewer's file has saved. `signature`: by ssh-keygen -Y sign, in the namespace of reviews. An answer
   * that the reviewer is not known to have signed counts only where `acceptsUnsigned` says so, and stays marked.
   */
  import: command
    .input(
      z.object({
        base64: z.base64().max(MOST_ANSWER_BASE64),
        signature: z.string().max(20_000).nullable().default(null),
        acceptsUnsigned: z.boolean().default(false),
      }),
    )
    .output(ImportedAnswer),

  /** The answers, the oldest first. */
  answers: query.input(Page.extend(OfReview.shape)).output(listOf(ReviewAnswer)),

  /** Every decision that was made, the oldest first. */
  decisions: query.input(Page.extend(OfReview.shape)).output(listOf(RecordedDecision)),

  /** What was frozen, a line of JSON for each item: SHA-256 over all lines is the snapshot. `last`: null at the end. */
  snapshot: query
    .input(OfReview.extend({ after: z.int().nonnegative().default(0) }))
    .output(z.object({ lines: z.string(), last: z.int().nullable() })),

  /** An answer that came in a file, to the byte, and its signature. */
  answerFile: query
    .input(OfReview.extend({ answer: z.int() }))
    .output(z.object({ base64: z.string(), signature: z.string().nullable() })),

  /** From now on it takes no decision. What nobody has decided stays so. */
  end: command.input(OfReview).output(ReviewDetail),

  /**
   * Compares the review and its answers with their seals, all items and decisions with the digests that are sealed, and files of answers with
   * their signatures. Each problem is a sentence.
   */
  verify: query.input(OfReview).output(z.object({ problems: z.array(z.string()) })),

  /** Signs the digests of an evidence pack, as sha256sum prints them, with a key of this computer in the namespace of reviews. */
  sign: command
    .input(z.object({ sums: z.string().max(100_000), key: LocalPath("identity") }))
    .output(z.object({ signature: z.string(), publicKey: z.string() })),
};
