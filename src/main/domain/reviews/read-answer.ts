import {
  AnswerFile,
  type ItemDecision,
  type RefusedDecision,
  type ReviewItem,
} from "#shared/model/access/review.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isRootItself, mayDecide } from "./who-decides.ts";

/**
 * The answer of a reviewer, as their file has it. Whoever carries it may have written it: it counts by its signature, or where
 * somebody who imports it says that it does.
 */

/** Refuses what no page of ours has saved. */
export function readAnswer(bytes: Uint8Array): AnswerFile {
  const answer = parseAnswer(bytes);
  if (answer === null)
    throw new Refusal(
      "invalid-input",
      "this is no answer to a review: it is the file that the reviewer's page saves",
    );
  const { decisions } = answer;
  if (new Set(decisions.map(({ item }) => item)).size < decisions.length)
    throw new Refusal("invalid-input", "the answer was edited: it decides twice on one item");
  if (decisions.some(({ choice, to }) => (choice === "reassign") !== (to !== null)))
    throw new Refusal("invalid-input", "the answer was edited: only what is reassigned names somebody");
  return answer;
}

/** Null where it is no answer. */
export function parseAnswer(bytes: Uint8Array): AnswerFile | null {
  return AnswerFile.safeParse(parseJson(bytes)).data ?? null;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** What a decision of a file comes to. `same`: it was decided so before. */
type DecisionOutcome = "accepted" | "same" | RefusedDecision;

type DecisionContext = { reviewer: string; isSigned: boolean; isOwn: boolean };

/** A file changes nothing that somebody has decided, but for what another file decided that nobody has signed. */
export function evaluateDecision(
  item: ReviewItem,
  { choice, to }: ItemDecision,
  { reviewer, isSigned, isOwn }: DecisionContext,
): DecisionOutcome {
  if (item.reviewer !== reviewer) return "other-reviewer";
  const before = item.decision;
  const isSame = before !== null && before.choice === choice && before.to === to;
  const isBetter = isSigned && before?.source === "unsigned";
  if (isSame && !isBetter) return "same";
  if (!mayDecide(choice, isOwn)) return "own-access";
  if (choice === "revoke" && isRootItself(item.evidence)) return "root";
  if (item.state === "closed" || (item.state === "planned" && !isSame)) return "underway";
  return before === null || isBetter ? "accepted" : "decided";
}
