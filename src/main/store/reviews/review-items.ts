import type { Database } from "better-sqlite3";
import {
  ReviewDecision,
  ReviewEvidence,
  type ReviewItem,
  ReviewItemState,
} from "#shared/model/access/review.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { PlanId } from "#shared/model/runs/plan.ts";
import { RunId } from "#shared/model/runs/run.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWordOfHost } from "#store/lists/search.ts";
import { stateCounter } from "./count-states.ts";
import { BARE, CHOICES_OF, LINES, OUTCOME, waitReader } from "./review-outcome.ts";

type ItemQuery = Window & { search: string; reviewer: string | null; state: ReviewItemState | null };

/** How many items there are, as the review counts them. */
type Counted = { id: number; items: number; itemsOf: (reviewer: string) => number };

type Undone = { limit: number; except?: readonly number[]; replaced?: readonly number[] };

type Row = {
  review: number;
  ordinal: number;
  kind: "grant" | "account";
  about: number;
  reviewer: string;
  evidence: string;
  outcome: string;
  plan_id: number | null;
  run_id: number | null;
  decision: string | null;
};

const FROM = `review_item AS item
  JOIN review ON review.id = item.review
  LEFT JOIN review_answer AS given ON given.id = item.answer
  LEFT JOIN review_decision AS decision
    ON decision.review = item.review AND decision.ordinal = item.ordinal AND decision.answer = item.answer`;

/** What a search reads of an item. */
const TEXT = ["host", "account", "comment", "fingerprint", "file", "owner"]
  .map((name) => `ifnull(json_extract(item.evidence, '$.${name}'), '')`)
  .join(" || char(10) || ");

const COLUMNS = `item.review, item.ordinal, item.kind, item.about, item.reviewer, item.evidence, ${OUTCOME} AS outcome,
  (SELECT plan.id FROM plan WHERE plan.id = item.plan) AS plan_id,
  (SELECT max(run.id) FROM run WHERE run.plan = item.plan) AS run_id,
  iif(decision.choice IS NULL, NULL, json_object('choice', decision.choice, 'to', decision.successor,
    'reason', decision.reason, 'answer', given.id, 'reviewer', given.reviewer, 'source', given.source, 'by', given.made_by,
    'at', given.at, 'isLate', json(iif(given.is_late = 1, 'true', 'false')))) AS decision`;

/** What reviews are about, and how far each item has come. */
export function reviewItemTable(db: Database, lists: Lists) {
  const find = db.prepare<[number, number], Row>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE item.review = ? AND item.ordinal = ?`,
  );
  const toItem = itemReader(db);
  const add = db.prepare(`
    INSERT INTO review_item (review, ordinal, kind, about, reviewer, evidence)
    VALUES (@review, @ordinal, @kind, @about, @reviewer, @evidence)`);
  const assign = db.prepare("UPDATE review_item SET reviewer = ? WHERE review = ? AND ordinal = ?");
  const setPlan = db.prepare("UPDATE review_item SET plan = ? WHERE review = ? AND ordinal = ?");
  const frozen = db.prepare<[number, number, number], FrozenItem>(`
    SELECT ordinal, kind, about, evidence FROM review_item
    WHERE review = ? AND ordinal > ? ORDER BY ordinal LIMIT ?`);

  return {
    list(
      { id, items, itemsOf }: Counted,
      { search, reviewer, state, ...page }: ItemQuery,
    ): Listed<ReviewItem> {
      const where: Part[] = [
        { sql: "item.review = ?", values: [id] },
        ...(reviewer === null ? [] : [{ sql: "item.reviewer = ?", values: [reviewer] }]),
        ...(state === null ? [] : inStateOf(state)),
        ...eachWordOfHost(search, TEXT, {
          calledHosts: lists.calledHosts,
          column: { sql: "json_extract(item.evidence, '$.host')", has: "names" },
        }),
      ];
      return lists.list<Row, ReviewItem>(
        {
          select: COLUMNS,
          from: FROM,
          where,
          sort: { name: "item", columns: ["item.ordinal"], descending: false },
          ...page,
          ...(state === null && search.trim() === ""
            ? { total: () => (reviewer === null ? items : itemsOf(reviewer)) }
            : {}),
        },
        toItem,
      );
    },

    find(review: number, ordinal: number): ReviewItem | null {
      const row = find.get(review, ordinal);
      return row ? toItem(row) : null;
    },

    /** Of those that somebody has decided; those of 0 are left out. */
    states: stateCounter(db),

    ...workReader(db),

    add: (item: FrozenItem & { review: number; reviewer: string }): void => void add.run(item),
    assign: (review: number, ordinal: number, reviewer: string): void =>
      void assign.run(reviewer, review, ordinal),
    setPlan: (review: number, ordinal: number, plan: number): void => void setPlan.run(plan, review, ordinal),

    /** Items as they were frozen, in their order, after one. */
    frozen: (review: number, after: number, limit: number): FrozenItem[] => frozen.all(review, after, limit),
  };
}

/** What is to be done of what was decided. */
function workReader(db: Database) {
  const inState = db
    .prepare<
      { review: number; choice: string; state: string; except: string; replaced: string; limit: number },
      number
    >(`
      SELECT item.ordinal FROM ${BARE}
      WHERE item.review = @review AND item.choice = @choice
        AND item.ordinal NOT IN (SELECT value FROM json_each(@except))
        AND CASE ${OUTCOME} WHEN @state THEN 1
          WHEN 'planned' THEN item.kind = iif(@state = 'to-disable', 'account', 'grant')
            AND item.plan IN (SELECT value FROM json_each(@replaced))
          ELSE 0 END
      ORDER BY item.ordinal LIMIT @limit`)
    .pluck();
  const standing = db
    .prepare<[number, number], number>(`
      SELECT line.id FROM ${BARE} JOIN grant_line AS own ON own.id = item.about
      JOIN grant_line AS line ON line.id = own.id AND own.gone_scan IS NULL
        OR own.gone_scan IS NOT NULL AND line.id IN (SELECT id FROM (${LINES}) WHERE is_other)
      WHERE item.review = ? AND item.ordinal = ?
      ORDER BY 1`)
    .pluck();
  const reassigned = db.prepare<[number], { host: string; port: number; account: string; to: string }>(`
    SELECT item.evidence ->> '$.host' AS host, item.evidence ->> '$.port' AS port, item.evidence ->> '$.account' AS account,
      decision.successor AS "to"
    FROM review_item AS item JOIN review_decision AS decision
      ON decision.review = item.review AND decision.ordinal = item.ordinal AND decision.answer = item.answer
    WHERE item.review = ? AND item.choice = 'reassign' ORDER BY item.answer, item.ordinal`);

  return {
    /**
     * The first items in a state in which something is to be done, by their numbers. Those of `replaced` plans are as if these
     * were not there.
     */
    inState: (review: number, state: "to-reassign" | "to-revoke" | "to-disable", of: Undone): number[] =>
      inState.all({
        review,
        choice: state === "to-reassign" ? "reassign" : "revoke",
        state,
        except: JSON.stringify(of.except ?? []),
        replaced: JSON.stringify(of.replaced ?? []),
        limit: of.limit,
      }),

    /** The accounts that decisions give to somebody else, and to whom; the latest decision comes last. */
    reassigned: (review: number) => reassigned.all(review),

    /** The grants that have to go so that the item is closed, by their ids: its own, or the lines that its key is in since. */
    standing: (review: number, ordinal: number): number[] => standing.all(review, ordinal),
  };
}

/** An item as it was frozen: the text of its evidence is what is hashed. */
export type FrozenItem = { ordinal: number; kind: "grant" | "account"; about: number; evidence: string };

function inStateOf(state: ReviewItemState): Part[] {
  const choices = CHOICES_OF[state];
  if (choices === null) return [{ sql: "item.choice IS NULL", values: [] }];
  const chosen: Part = { sql: `item.choice IN (${choices.map(() => "?").join(", ")})`, values: [...choices] };
  if (state === "kept") return [chosen];
  const is = state === "closed" ? `${OUTCOME} LIKE ?` : `${OUTCOME} = ?`;
  return [chosen, { sql: is, values: [state === "closed" ? "closed %" : state] }];
}

function itemReader(db: Database): (row: Row) => ReviewItem {
  const startOf = db.prepare<[number], string>("SELECT started_at FROM scan WHERE id = ?").pluck();
  const readWait = waitReader(db);
  return (row) => {
    const [word = "", scan] = row.outcome.split(" ");
    const state = ReviewItemState.parse(word);
    const isOpen = CHOICES_OF[state]?.includes("revoke") && state !== "closed";
    return {
      item: row.ordinal,
      about: row.about,
      reviewer: row.reviewer,
      state,
      evidence: ReviewEvidence.parse(JSON.parse(row.evidence)),
      decision: row.decision === null ? null : ReviewDecision.parse(JSON.parse(row.decision)),
      planId: row.plan_id === null ? null : PlanId.parse(row.plan_id),
      runId: row.run_id === null ? null : RunId.parse(row.run_id),
      closedBy:
        scan === undefined ? null : { scan: ScanId.parse(Number(scan)), at: startOf.get(Number(scan)) ?? "" },
      waitsFor: isOpen ? readWait(row) : null,
    };
  };
}
