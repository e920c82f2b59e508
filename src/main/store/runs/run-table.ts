import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { PlanId, type PlanKind } from "#shared/model/runs/plan.ts";
import { RunDetail, RunId, type RunOrigin, RunRow, type RunState } from "#shared/model/runs/run.ts";
import { RunReason } from "#shared/model/runs/run-note.ts";
import { formatRunReasons } from "#shared/text/runs/run.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { splitWords, toNumber, toPattern } from "#store/lists/search.ts";
import { FIRST_HOST, isOnHost, readFirstHost } from "./plan-table.ts";
import { fromStored, Texts, toStored, UNREADABLE_CAUSE } from "./stored-json.ts";

export type Direction = "forward" | "back";

type Row = {
  id: number;
  plan: number;
  plan_hash: string;
  token: string;
  origin: string;
  kind: string;
  title: string;
  state: string;
  direction: Direction;
  started_at: string;
  ended_at: string | null;
  due_at: string | null;
  undo_until: string | null;
  reasons: string;
  by_hand: string;
  acknowledgements: string;
  key_line: string | null;
  fingerprint: string | null;
  hosts: number;
  first_host: string | null;
  adds: number;
  changes: number;
  removes: number;
  steps: number;
  steps_done: number;
  failed: number;
};

/** What a run needs beside what is shown of it. */
export type RunRecord = Omit<
  RunDetail,
  | "stepList"
  | "orders"
  | "confirmation"
  | "files"
  | "accessChecks"
  | "claims"
  | "kept"
  | "oldKeyWatch"
  | "accountWatch"
  | "remaining"
  | "removeKept"
> & {
  direction: Direction;
  /** The checks that somebody has acknowledged. */
  acknowledgements: string[];
};

type NewRun = {
  planId: PlanId;
  token: string;
  origin: RunOrigin;
  kind: PlanKind;
  title: string;
  at: Instant;
  acknowledgements: readonly string[];
  counts: { hosts: number; adds: number; changes: number; removes: number };
};

type SortColumn = "startedAt" | "title" | "state";

type RunQuery = Window & {
  search: string;
  state: RunState | null;
  kind: PlanKind | null;
  sort: { by: SortColumn; descending: boolean };
};

const SORTED_BY: Record<SortColumn, readonly string[]> = {
  startedAt: ["run.started_at", "run.id"],
  title: ["run.title", "run.id"],
  state: ["run.state", "run.id"],
};

const COLUMNS = `run.id, run.plan, plan.hash AS plan_hash, run.token, run.origin, run.kind, run.title, run.state, run.direction,
  run.started_at, run.ended_at, run.due_at, run.undo_until, run.reasons, run.by_hand, run.acknowledgements, run.key_line, run.fingerprint,
  run.hosts, ${FIRST_HOST} AS first_host, run.adds, run.changes, run.removes,
  (SELECT count(*) FROM run_step WHERE run = run.id AND NOT (run.state = 'committed' AND run_step.state = 'planned')) AS steps,
  (SELECT count(*) FROM run_step WHERE run = run.id AND state = 'verified') AS steps_done,
  (SELECT count(*) FROM run_step WHERE run = run.id AND state IN ('failed', 'needs-attention')) AS failed`;

const RUNS = "run JOIN plan ON plan.id = run.plan";

/** The text that a search of runs reads. */
const TEXT = `run.title || char(10) || run.kind || char(10) || ifnull(run.fingerprint, '')
  || char(10) || ifnull(json_extract(plan.request, '$.fingerprint'), '')`;

const RunReasons = RunReason.array();

const UNREADABLE_REASONS: readonly RunReason[] = [{ kind: "blocked", cause: UNREADABLE_CAUSE }];

const CUT_SHORT: readonly RunReason[] = [{ kind: "interrupted", by: "ended", remedy: "resume" }];

export function runTable(db: Database, lists: Lists) {
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM ${RUNS} WHERE run.id = ?`);
  const waiting = db
    .prepare<[string], number>("SELECT id FROM run WHERE state = 'waiting' AND due_at <= ? ORDER BY id")
    .pluck();
  const undoOver = db
    .prepare<[string, string], number>(
      `SELECT id FROM run WHERE undo_until <= ? AND state NOT IN ('running', 'rolled-back') AND direction = 'forward'
        AND (due_at IS NULL OR due_at <= ?) ORDER BY id`,
    )
    .pluck();
  const open = db.prepare<[], { id: number; plan: number }>(
    "SELECT id, plan FROM run WHERE state NOT IN ('committed', 'rolled-back') ORDER BY id",
  );

  const removals = db
    .prepare<[number], number>(
      `SELECT run.id FROM ${RUNS} WHERE run.kind = 'remove-account' AND run.state <> 'rolled-back'
        AND plan.body ->> '$.disabledBy' = ? ORDER BY run.id`,
    )
    .pluck();

  return {
    ...runWriter(db),

    /** The runs that remove, or have removed, the accounts that this one has disabled. */
    removalsOf: (id: number): RunId[] => removals.all(id).map((one) => RunId.parse(one)),

    find(id: number): RunRecord | null {
      const row = find.get(id);
      return row ? toRecord(row) : null;
    },

    /** All runs that go on, or can be resumed. */
    open: (): { id: RunId; planId: PlanId }[] =>
      open.all().map(({ id, plan }) => ({ id: RunId.parse(id), planId: PlanId.parse(plan) })),

    /** The runs whose logs have been watched long enough. */
    due: (at: Instant): RunId[] => waiting.all(at).map((id) => RunId.parse(id)),

    /** Finished runs that can no longer be undone, and still keep what that would need. */
    undoOver: (at: Instant): RunId[] => undoOver.all(at, at).map((id) => RunId.parse(id)),

    list({ search, state, kind, sort: { by, descending }, ...page }: RunQuery): Listed<RunRow> {
      const where: Part[] = [
        ...(state ? [{ sql: "run.state = ?", values: [state] }] : []),
        ...(kind ? [{ sql: "run.kind = ?", values: [kind] }] : []),
        ...splitWords(search).map((word) => {
          const onHost = isOnHost(lists, word);
          return {
            sql: `(run.id = ? OR (${TEXT}) LIKE ? ESCAPE '\\' OR ${onHost.sql})`,
            values: [toNumber(word), toPattern(word), ...onHost.values],
          };
        }),
      ];
      const sort = { name: by, columns: SORTED_BY[by], descending };
      return lists.list({ select: COLUMNS, from: RUNS, where, sort, ...page }, (row: Row) =>
        RunRow.parse(toRecord(row)),
      );
    },
  };
}

/** The state of a run. */
type RunStanding = {
  id: RunId;
  state: RunState;
  reasons: readonly RunReason[];
  byHand: readonly string[];
  endedAt: Instant | null;
};

function runWriter(db: Database) {
  const begin = db.prepare(`
    INSERT INTO run (plan, token, origin, kind, title, state, started_at, acknowledgements, hosts, adds, changes, removes)
    VALUES (@planId, @token, @origin, @kind, @title, 'running', @at, @acknowledgements, @hosts, @adds, @changes, @removes)`);
  const setState = db.prepare(`
    UPDATE run SET state = @state, reasons = @reasons, by_hand = @byHand, ended_at = @endedAt WHERE id = @id`);
  const setDirection = db.prepare("UPDATE run SET direction = ? WHERE id = ?");
  const setDue = db.prepare("UPDATE run SET due_at = ? WHERE id = ?");
  const setUndo = db.prepare("UPDATE run SET undo_until = ? WHERE id = ?");
  const setKey = db.prepare("UPDATE run SET key_line = @line, fingerprint = @fingerprint WHERE id = @id");
  const interrupt = db.prepare("UPDATE run SET state = 'interrupted', reasons = ? WHERE state = 'running'");

  return {
    begin: ({ counts, acknowledgements, ...run }: NewRun): RunId =>
      RunId.parse(
        Number(
          begin.run({ ...run, ...counts, acknowledgements: toStored(Texts, [...acknowledgements]) })
            .lastInsertRowid,
        ),
      ),

    setState: ({ reasons, byHand, ...standing }: RunStanding): void =>
      void setState.run({
        ...standing,
        reasons: toStored(RunReasons, [...reasons]),
        byHand: toStored(Texts, [...byHand]),
      }),

    setDirection: (id: RunId, direction: Direction): void => void setDirection.run(direction, id),
    setDue: (id: RunId, at: Instant | null): void => void setDue.run(at, id),

    /** Null: it cannot be undone. */
    setUndo: (id: RunId, until: Instant | null): void => void setUndo.run(until, id),

    setKey: (id: RunId, key: { line: string; fingerprint: string }): void => void setKey.run({ id, ...key }),

    /** Call it only after this process has taken the write lock. */
    interruptRunning: (): number => interrupt.run(toStored(RunReasons, [...CUT_SHORT])).changes,
  };
}

function toRecord(row: Row): RunRecord {
  const {
    key_line: line,
    fingerprint,
    started_at: startedAt,
    ended_at: endedAt,
    due_at: dueAt,
    undo_until: undoUntil,
  } = row;
  const newKey = line !== null && fingerprint !== null ? { line, fingerprint } : null;
  const detail = RunDetail.omit({
    stepList: true,
    accessChecks: true,
    orders: true,
    confirmation: true,
    files: true,
    claims: true,
    oldKeyWatch: true,
    accountWatch: true,
    kept: true,
    remaining: true,
    removeKept: true,
  }).parse({
    ...row,
    planId: row.plan,
    firstHost: readFirstHost(row.first_host),
    planHash: row.plan_hash,
    startedAt,
    endedAt,
    newKey,
    stepsDone: row.steps_done,
    message: formatRunReasons(fromStored(RunReasons, row.reasons) ?? UNREADABLE_REASONS),
    byHand: fromStored(Texts, row.by_hand) ?? [],
    dueAt,
    undoUntil,
  });
  // Acknowledgements that cannot be read count as not given.
  return {
    ...detail,
    direction: row.direction,
    acknowledgements: fromStored(Texts, row.acknowledgements) ?? [],
  };
}
