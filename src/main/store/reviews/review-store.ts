import type { Database } from "better-sqlite3";
import {
  type AnswerSource,
  type ItemDecision,
  RecordedDecision,
  ReviewAnswer,
  ReviewDeciders,
  type ReviewDetail,
  type ReviewerProgress,
  ReviewName,
  type ReviewRow,
  ReviewSelection,
} from "#shared/model/access/review.ts";
import type { Instant } from "#shared/model/instant.ts";
import { PlanId, type PlanKind } from "#shared/model/runs/plan.ts";
import { RunId, RunState } from "#shared/model/runs/run.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { reviewCandidates, reviewPeople } from "./review-candidates.ts";
import { reviewItemTable } from "./review-items.ts";

/** A review that was opened, as its row has it. */
export type ReviewRecord = ReviewRow & { token: string; snapshot: string };

type Row = {
  id: number;
  name: string;
  token: string;
  selection: string;
  deciders: string;
  createdAt: string;
  dueAt: string;
  endedAt: string | null;
  snapshot: string;
  items: number;
  decided: number;
  leftOut: number;
};

/** What a reviewer has done of their part, whoever that is. */
type Progress = Omit<ReviewerProgress, "isUnknown">;

type ReviewQuery = Window & { isOver: boolean | null; sort: { by: "due" | "name"; descending: boolean } };

const COLUMNS = `id, name, token, selection, deciders, created_at AS createdAt, due_at AS dueAt, ended_at AS endedAt, snapshot,
  item_count AS items, left_out AS leftOut,
  (SELECT ifnull(sum(decided), 0) FROM review_reviewer WHERE review_reviewer.review = review.id) AS decided`;

const IS_OPENED = "snapshot IS NOT NULL";

/** Reviews of access, what they are about, and what was decided. */
export function reviewStore(db: Database, lists: Lists, explained: <T extends object>(table: T) => T) {
  const items = reviewItemTable(db, lists);
  return {
    ...explained(reviewTable(db, lists)),
    items: explained(items),
    answers: explained(answerTable(db, lists)),
    plans: explained(planTable(db)),
    candidates: explained(reviewCandidates(db)),
    people: explained(reviewPeople(db)),
  };
}

function reviewTable(db: Database, lists: Lists) {
  const people = reviewPeople(db);
  const find = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM review WHERE name = ? AND ${IS_OPENED}`);
  const byToken = db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM review WHERE token = ? AND ${IS_OPENED}`);
  const nameState = db.prepare<[string], { id: number; isOpened: number }>(
    `SELECT id, ${IS_OPENED} AS isOpened FROM review WHERE name = ?`,
  );
  const begin = db.prepare(`
    INSERT INTO review (name, token, selection, deciders, created_at, due_at)
    VALUES (@name, @token, @selection, @deciders, @createdAt, @dueAt)`);
  const open = db.prepare(
    "UPDATE review SET snapshot = @snapshot, item_count = @items, left_out = @leftOut WHERE id = @id",
  );
  const end = db.prepare("UPDATE review SET ended_at = ? WHERE id = ?");
  const drops = [
    db.prepare("DELETE FROM review_item WHERE review = ?"),
    db.prepare("DELETE FROM review_reviewer WHERE review = ?"),
    db.prepare("DELETE FROM review WHERE id = ?"),
  ];
  const progress = db.prepare<[number], Progress>(
    "SELECT name, items, decided FROM review_reviewer WHERE review = ? ORDER BY name",
  );

  return {
    list: ({ isOver, sort, ...page }: ReviewQuery): Listed<ReviewRow> =>
      lists.list<Row, ReviewRow>(
        {
          select: COLUMNS,
          from: "review",
          where: [
            { sql: IS_OPENED, values: [] },
            ...(isOver === null ? [] : [{ sql: `ended_at IS ${isOver ? "NOT " : ""}NULL`, values: [] }]),
          ],
          sort: {
            name: sort.by,
            columns: [sort.by === "due" ? "due_at" : "name", "id"],
            descending: sort.descending,
          },
          ...page,
        },
        (row) => toRow(row),
      ),

    find: (name: string): ReviewRecord | null => toRecord(find.get(name)),
    ofToken: (token: string): ReviewRecord | null => toRecord(byToken.get(token)),
    progress: (review: number): Progress[] => progress.all(review),

    reviewers(review: number): ReviewerProgress[] {
      const isAnybodyKnown = !people.isEmpty();
      return progress
        .all(review)
        .map((one) => ({ ...one, isUnknown: isAnybodyKnown && people.named(one.name).length === 0 }));
    },

    /** `unopened`: the id of one whose process ended before it was frozen. */
    standingOf(name: string): { kind: "free" | "opened" } | { kind: "unopened"; id: number } {
      const row = nameState.get(name);
      if (!row) return { kind: "free" };
      return row.isOpened === 1 ? { kind: "opened" } : { kind: "unopened", id: row.id };
    },

    begin(review: NewReview): number {
      const { selection, deciders, ...rest } = review;
      const texts = { selection: JSON.stringify(selection), deciders: JSON.stringify(deciders) };
      return Number(begin.run({ ...rest, ...texts }).lastInsertRowid);
    },

    /** From now on it is there, with these items. */
    open: (id: number, frozen: { snapshot: string; items: number; leftOut: number }): void =>
      void open.run({ id, ...frozen }),
    end: (id: number, at: Instant): void => void end.run(at, id),

    /** Only for one that was not opened: nothing of the others is ever removed. */
    drop(id: number): void {
      for (const one of drops) one.run(id);
    },
  };
}

type NewReview = {
  name: string;
  token: string;
  selection: ReviewSelection;
  deciders: ReviewDeciders;
  createdAt: Instant;
  dueAt: Instant;
};

type NewAnswer = {
  review: number;
  reviewer: string;
  source: AnswerSource;
  madeBy: string;
  fingerprint: string | null;
  at: Instant;
  isLate: boolean;
  digest: string;
  body: Uint8Array | null;
  signature: string | null;
};

type AnswerRow = Record<string, unknown> & { isLate: number; hasFile: number };
type DecisionRow = Record<string, unknown> & { isLate: number };

/** An answer with its bytes. */
export type StoredAnswer = {
  id: number;
  reviewer: string;
  source: AnswerSource;
  fingerprint: string | null;
  digest: string;
  body: Uint8Array | null;
  signature: string | null;
};

function answerTable(db: Database, lists: Lists) {
  const add = db.prepare(`
    INSERT INTO review_answer (review, reviewer, source, made_by, fingerprint, at, is_late, digest, body, signature)
    VALUES (@review, @reviewer, @source, @madeBy, @fingerprint, @at, @isLate, @digest, @body, @signature)`);
  const decide = db.prepare(`
    INSERT INTO review_decision (review, ordinal, answer, choice, successor, reason)
    VALUES (@review, @item, @answer, @choice, @to, @reason)`);
  const count = db.prepare<[number], number>("SELECT count(*) FROM review_answer WHERE review = ?").pluck();
  const stored = db.prepare<[number], StoredAnswer>(
    "SELECT id, reviewer, source, fingerprint, digest, body, signature FROM review_answer WHERE review = ? ORDER BY id",
  );
  const withBody = db.prepare<[number, Uint8Array], { id: number; source: AnswerSource }>(
    "SELECT id, source FROM review_answer WHERE review = ? AND body = ? ORDER BY source = 'signed' DESC LIMIT 1",
  );
  const decisions = db.prepare<[number], ItemDecision>(`
    SELECT ordinal AS item, choice, successor AS "to", reason FROM review_decision WHERE answer = ? ORDER BY ordinal`);
  const misled = db.prepare<[number], number>(`
    SELECT item.ordinal FROM review_item AS item
    LEFT JOIN review_decision AS decision
      ON decision.review = item.review AND decision.ordinal = item.ordinal AND decision.answer = (
        SELECT max(answer) FROM review_decision AS one WHERE one.review = item.review AND one.ordinal = item.ordinal)
    LEFT JOIN review_answer AS given ON given.id = decision.answer
    WHERE item.review = ? AND (item.answer IS NOT decision.answer OR item.choice IS NOT decision.choice
      OR decision.answer IS NOT NULL AND (given.review IS NOT item.review OR given.reviewer IS NOT item.reviewer))
    LIMIT 20`);

  return {
    count: (review: number): number => count.get(review) ?? 0,

    list: (review: number, page: Window): Listed<ReviewAnswer> =>
      lists.list<AnswerRow, ReviewAnswer>(
        {
          select: `id, reviewer, source, made_by AS by, fingerprint, at, is_late AS isLate, body IS NOT NULL AS hasFile,
            (SELECT count(*) FROM review_decision WHERE review_decision.answer = review_answer.id) AS decisions`,
          from: "review_answer",
          where: [{ sql: "review = ?", values: [review] }],
          sort: { name: "answer", columns: ["id"], descending: false },
          ...page,
        },
        (row) => ReviewAnswer.parse({ ...row, isLate: row.isLate === 1, hasFile: row.hasFile === 1 }),
      ),

    /** Every decision, those of one answer together. */
    recorded: (review: number, page: Window): Listed<RecordedDecision> =>
      lists.list<DecisionRow, RecordedDecision>(
        {
          select: `decision.ordinal AS item, choice, successor AS "to", reason, given.id AS answer, reviewer, source,
            made_by AS by, at, is_late AS isLate`,
          from: "review_answer AS given CROSS JOIN review_decision AS decision ON decision.answer = given.id",
          where: [{ sql: "given.review = ?", values: [review] }],
          sort: { name: "decision", columns: ["given.id", "decision.ordinal"], descending: false },
          ...page,
        },
        (row) => RecordedDecision.parse({ ...row, isLate: row.isLate === 1 }),
      ),

    add({ isLate, ...answer }: NewAnswer, decided: readonly ItemDecision[]): number {
      const id = Number(add.run({ ...answer, isLate: Number(isLate) }).lastInsertRowid);
      for (const one of decided) decide.run({ ...one, review: answer.review, answer: id });
      return id;
    },

    /** The answer that came in the very same bytes; a signed one before one that nobody has signed. */
    withBody: (review: number, body: Uint8Array) => withBody.get(review, Buffer.from(body)) ?? null,

    stored: (review: number): StoredAnswer[] => stored.all(review),
    /** In the order of their items. */
    decisions: (answer: number): ItemDecision[] => decisions.all(answer),

    /** Items that name another decision than their latest, or another reviewer than it has; only another program can have brought that about. */
    misled: (review: number): number[] => misled.pluck().all(review),
  };
}

type PlanRow = {
  planId: number;
  madeAt: string;
  items: number;
  hash: string | null;
  runId: number | null;
  state: string | null;
  startedAt: string | null;
  endedAt: string | null;
};

function planTable(db: Database) {
  const add = db.prepare(
    "INSERT INTO review_plan (review, plan, made_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const list = db.prepare<[number], PlanRow>(`
    SELECT review_plan.plan AS planId, review_plan.made_at AS madeAt, plan.hash, run.id AS runId, run.state,
      run.started_at AS startedAt, run.ended_at AS endedAt,
      (SELECT count(*) FROM review_item
       WHERE review_item.review = review_plan.review AND review_item.plan = review_plan.plan) AS items
    FROM review_plan
    LEFT JOIN plan ON plan.id = review_plan.plan
    LEFT JOIN run ON run.plan = review_plan.plan
    WHERE review_plan.review = ? ORDER BY review_plan.plan`);

  const unapplied = db
    .prepare<[number, string], number>(`
      SELECT plan.id FROM review_plan JOIN plan ON plan.id = review_plan.plan
      WHERE review_plan.review = ? AND plan.state = 'ready' AND plan.request ->> '$.kind' = ?
        AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.id)
        AND NOT EXISTS (SELECT 1 FROM offline_script WHERE offline_script.plan = plan.id)
      ORDER BY plan.id`)
    .pluck();

  return {
    /** Plans of a kind that are made, and neither applied nor exported as scripts. */
    unapplied: (review: number, kind: PlanKind): PlanId[] =>
      unapplied.all(review, kind).map((id) => PlanId.parse(id)),

    add: (review: number, plan: number, at: Instant): void => void add.run(review, plan, at),
    list: (review: number): ReviewDetail["plans"] => list.all(review).map(toPlan),
  };
}

const toPlan = ({ planId, madeAt, items, hash, ...run }: PlanRow): ReviewDetail["plans"][number] => ({
  planId: PlanId.parse(planId),
  madeAt,
  items,
  hash,
  run:
    run.runId === null || run.startedAt === null
      ? null
      : {
          id: RunId.parse(run.runId),
          state: RunState.parse(run.state),
          startedAt: run.startedAt,
          endedAt: run.endedAt,
        },
});

const toRow = ({ token: _, snapshot: __, ...row }: Row): ReviewRow => ({
  ...row,
  name: ReviewName.parse(row.name),
  selection: ReviewSelection.parse(JSON.parse(row.selection)),
  deciders: ReviewDeciders.parse(JSON.parse(row.deciders)),
});

const toRecord = (row: Row | undefined): ReviewRecord | null =>
  row ? { ...toRow(row), token: row.token, snapshot: row.snapshot } : null;
