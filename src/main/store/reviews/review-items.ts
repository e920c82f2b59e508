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
import { IS_LABEL_OF } from "#store/labels/label-reader.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWordOfHost } from "#store/lists/search.ts";

type ItemQuery = Window & { search: string; reviewer: string | null; state: ReviewItemState | null };

/** How many items there are, as the review counts them. */
type Counted = { id: number; items: number; itemsOf: (reviewer: string) => number };

type Row = {
  ordinal: number;
  about: number;
  reviewer: string;
  evidence: string;
  state: string;
  plan_id: number | null;
  run_id: number | null;
  closed_scan: number | null;
  closed_at: string | null;
  decision: string | null;
};

const FROM = `review_item AS item
  JOIN review ON review.id = item.review
  LEFT JOIN review_answer AS given ON given.id = item.answer
  LEFT JOIN review_decision AS decision
    ON decision.review = item.review AND decision.ordinal = item.ordinal AND decision.answer = item.answer`;

/**
 * Lines with the same key for the same account as a grant (`own`), that are no items of the review themselves: what a line is
 * that was edited since.
 */
const SUCCESSOR = `later.account = own.account AND later.host_name = own.host_name AND later.host = own.host
  AND later.fingerprint = own.fingerprint AND later.id <> own.id
  AND NOT EXISTS (
    SELECT 1 FROM review_item AS other
    WHERE other.review = item.review AND other.kind = 'grant' AND other.about = later.id)`;

/**
 * The reading is of after the review was created: a scan by when it began, a bundle by when its collector was handed out, for
 * the host's clock is its own.
 */
const IS_LATER = `scan.started_at >= review.created_at AND NOT EXISTS (
  SELECT 1 FROM bundle WHERE bundle.scan = scan.id
    AND ifnull((SELECT issued_at FROM issued_collector WHERE issued_collector.nonce = bundle.nonce), '') < review.created_at)`;

/** What an earlier reading found gone, and the last one, which could read everything, has not found again. */
const READ_SINCE = `SELECT scan.id FROM host JOIN scan ON scan.id = host.last_scan
  WHERE host.id = own.host AND host.state = 'ok' AND host.unreadable_count = 0 AND ${IS_LATER}`;

/** The reading that found what the item is about gone; null while it stands, or stands otherwise. */
const CLOSED_SCAN = `CASE item.kind
  WHEN 'grant' THEN (
    SELECT ifnull((
      SELECT scan.id FROM grant_line AS later INDEXED BY grant_gone JOIN scan ON scan.id = later.gone_scan
      WHERE (later.id = own.id OR ${SUCCESSOR}) AND later.host = own.host AND later.account = own.account
        AND later.gone_scan IS NOT NULL AND ${IS_LATER}
      ORDER BY scan.started_at DESC, scan.id DESC LIMIT 1), (${READ_SINCE}))
    FROM grant_line AS own
    WHERE own.id = item.about AND own.gone_scan IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM grant_line AS later INDEXED BY grant_by_account WHERE ${SUCCESSOR} AND later.gone_scan IS NULL))
  ELSE (
    SELECT ifnull((SELECT scan.id FROM scan WHERE scan.id = own.gone_scan AND ${IS_LATER}), (${READ_SINCE}))
    FROM account AS own WHERE own.id = item.about AND own.gone_scan IS NOT NULL)
  END`;

/** What a search reads of an item. */
const TEXT = ["host", "account", "comment", "fingerprint", "file", "owner"]
  .map((name) => `ifnull(json_extract(item.evidence, '$.${name}'), '')`)
  .join(" || char(10) || ");

const IS_OWNER = `EXISTS (SELECT 1 FROM label WHERE ${IS_LABEL_OF.account} AND label.owner = decision.successor)`;

/** Who answers for the account is whom the decision names. */
const IS_REASSIGNED = `CASE item.kind
  WHEN 'grant' THEN EXISTS (
    SELECT 1 FROM grant_line AS own JOIN account ON account.host = own.host AND account.name = own.account
    WHERE own.id = item.about AND ${IS_OWNER})
  ELSE EXISTS (SELECT 1 FROM account WHERE account.id = item.about AND ${IS_OWNER}) END`;

/** A plan that failed, was rolled back, or after whose run the grant or another line with its key was seen, holds nothing. */
const IS_PLANNED = `EXISTS (
  SELECT 1 FROM plan LEFT JOIN run ON run.plan = plan.id
  WHERE plan.id = item.plan AND plan.state <> 'failed'
    AND (run.id IS NULL OR run.state <> 'rolled-back' AND NOT (run.state = 'committed' AND EXISTS (
      SELECT 1 FROM grant_line AS own JOIN scan ON scan.id = own.last_scan
      WHERE own.id = item.about AND own.gone_scan IS NULL AND scan.started_at > run.ended_at
      UNION ALL
      SELECT 1 FROM grant_line AS own CROSS JOIN grant_line AS later INDEXED BY grant_by_account
      JOIN scan ON scan.id = later.last_scan
      WHERE own.id = item.about AND ${SUCCESSOR} AND later.gone_scan IS NULL AND scan.started_at > run.ended_at))))`;

const STATE = `CASE
  WHEN decision.choice IS NULL THEN 'open'
  WHEN decision.choice = 'keep' THEN 'kept'
  WHEN decision.choice = 'reassign' THEN iif(${IS_REASSIGNED}, 'reassigned', 'to-reassign')
  WHEN (${CLOSED_SCAN}) IS NOT NULL THEN 'closed'
  WHEN item.kind = 'account' THEN 'to-disable'
  WHEN ${IS_PLANNED} THEN 'planned'
  ELSE 'to-revoke' END`;

const COLUMNS = `item.ordinal, item.about, item.reviewer, item.evidence, ${STATE} AS state,
  (SELECT plan.id FROM plan WHERE plan.id = item.plan) AS plan_id,
  (SELECT max(run.id) FROM run WHERE run.plan = item.plan) AS run_id,
  iif(decision.choice = 'revoke', ${CLOSED_SCAN}, NULL) AS closed_scan,
  iif(decision.choice = 'revoke', (SELECT started_at FROM scan WHERE scan.id = (${CLOSED_SCAN})), NULL) AS closed_at,
  iif(decision.choice IS NULL, NULL, json_object('choice', decision.choice, 'to', decision.successor,
    'reason', decision.reason, 'answer', given.id, 'reviewer', given.reviewer, 'source', given.source, 'by', given.made_by,
    'at', given.at, 'isLate', json(iif(given.is_late = 1, 'true', 'false')))) AS decision`;

/** What reviews are about, and how far each item has come. */
export function reviewItemTable(db: Database, lists: Lists) {
  const find = db.prepare<[number, number], Row>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE item.review = ? AND item.ordinal = ?`,
  );
  const states = db.prepare<[number], { state: string; count: number }>(`
    SELECT ${STATE} AS state, count(*) AS count FROM ${FROM}
    WHERE item.review = ? AND item.answer IS NOT NULL
    GROUP BY 1`);
  const inState = db.prepare<[number, string], Row>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE item.review = ? AND item.answer IS NOT NULL AND ${STATE} = ? ORDER BY item.ordinal`,
  );
  const standing = db
    .prepare<{ review: number; ordinal: number }, number>(`
      SELECT own.id FROM review_item AS item JOIN grant_line AS own ON own.id = item.about
      WHERE item.review = @review AND item.ordinal = @ordinal AND own.gone_scan IS NULL
      UNION
      SELECT later.id FROM review_item AS item JOIN grant_line AS own ON own.id = item.about
      CROSS JOIN grant_line AS later INDEXED BY grant_by_account ON ${SUCCESSOR}
      WHERE item.review = @review AND item.ordinal = @ordinal AND own.gone_scan IS NOT NULL AND later.gone_scan IS NULL
      ORDER BY 1`)
    .pluck();
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
        ...(state === null ? [] : [inStateOf(state)]),
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

    /** Of those that somebody has decided. */
    states: (review: number) =>
      states.all(review).map(({ state, count }) => ({ state: ReviewItemState.parse(state), count })),

    /** All decided items in a state. */
    inState: (review: number, state: Exclude<ReviewItemState, "open">): ReviewItem[] =>
      inState.all(review, state).map(toItem),

    /** The grants that have to go so that the item is closed, by their ids: its own, or the line that it has become since. */
    standing: (review: number, ordinal: number): number[] => standing.all({ review, ordinal }),

    add: (item: FrozenItem & { review: number; reviewer: string }): void => void add.run(item),
    assign: (review: number, ordinal: number, reviewer: string): void =>
      void assign.run(reviewer, review, ordinal),
    setPlan: (review: number, ordinal: number, plan: number): void => void setPlan.run(plan, review, ordinal),

    /** Items as they were frozen, in their order, after one. */
    frozen: (review: number, after: number, limit: number): FrozenItem[] => frozen.all(review, after, limit),
  };
}

/** An item as it was frozen: the text of its evidence is what is hashed. */
export type FrozenItem = { ordinal: number; kind: "grant" | "account"; about: number; evidence: string };

const inStateOf = (state: ReviewItemState): Part =>
  state === "open"
    ? { sql: "item.answer IS NULL", values: [] }
    : { sql: `item.answer IS NOT NULL AND ${STATE} = ?`, values: [state] };

const toItem = (row: Row): ReviewItem => ({
  item: row.ordinal,
  about: row.about,
  reviewer: row.reviewer,
  state: ReviewItemState.parse(row.state),
  evidence: ReviewEvidence.parse(JSON.parse(row.evidence)),
  decision: row.decision === null ? null : ReviewDecision.parse(JSON.parse(row.decision)),
  planId: row.plan_id === null ? null : PlanId.parse(row.plan_id),
  runId: row.run_id === null ? null : RunId.parse(row.run_id),
  closedBy:
    row.closed_scan === null || row.closed_at === null
      ? null
      : { scan: ScanId.parse(row.closed_scan), at: row.closed_at },
});
