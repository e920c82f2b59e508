import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import {
  RunEntry,
  type RunId,
  RunStep,
  type StepState,
  type StepVerification,
} from "#shared/model/runs/run.ts";
import { RunNote } from "#shared/model/runs/run-note.ts";
import { StepResult } from "#shared/model/runs/step-result.ts";
import { formatRunNote } from "#shared/text/runs/run-note.ts";
import { formatStepResult } from "#shared/text/runs/run-step.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import { fromStored, toStored, toStoredOrNull, UNREADABLE } from "./stored-json.ts";

type StepRow = {
  ordinal: number;
  phase: string;
  host: string;
  port: number;
  batch: number;
  state: string;
  verification: string | null;
  result: string | null;
  at: string | null;
};

type EntryRow = {
  id: number;
  ordinal: number | null;
  at: string;
  kind: string;
  note: string | null;
  result: string | null;
};

/** What is done and what came of it, as it is stored: of a step its result, else a note. */
export type NewEntry = {
  runId: RunId;
  /** Null: of the run as a whole. */
  ordinal: number | null;
  kind: RunEntry["kind"];
  at: Instant;
} & ({ note: RunNote } | { result: StepResult });

/** How a step stands now. Without `verification`: its act needs none. */
export type StepStanding = {
  runId: RunId;
  ordinal: number;
  state: StepState;
  verification?: StepVerification | null;
  result: StepResult;
  at: Instant;
};

const ENTRY_COLUMNS = "id, ordinal, at, kind, note, result";

const BY_ID = { name: "id", columns: ["id"], descending: false };

/** The steps of runs, and the journal of them. */
export function journalTable(db: Database, lists: Lists) {
  const addStep = db.prepare(`
    INSERT INTO run_step (run, ordinal, phase, host, port, batch, state, verification, result, at)
    VALUES (@run, @ordinal, @phase, @host, @port, @batch, @state, @verification, @result, @at)`);
  const setStep = db.prepare(
    `UPDATE run_step SET state = @state, verification = @verification, result = @result, at = @at
     WHERE run = @runId AND ordinal = @ordinal`,
  );
  const steps = db.prepare<[number], StepRow>(
    "SELECT ordinal, phase, host, port, batch, state, verification, result, at FROM run_step WHERE run = ? ORDER BY ordinal",
  );
  const addEntry = db.prepare(
    "INSERT INTO run_entry (run, ordinal, at, kind, note, result) VALUES (@runId, @ordinal, @at, @kind, @note, @result)",
  );
  const allEntries = db.prepare<[number], EntryRow>(
    `SELECT ${ENTRY_COLUMNS} FROM run_entry WHERE run = ? ORDER BY id`,
  );

  return {
    addSteps(run: RunId, planned: readonly RunStep[]): void {
      for (const step of planned)
        addStep.run({
          ...step,
          run,
          host: step.host ?? "",
          port: step.port ?? 0,
          result: toStoredOrNull(StepResult, step.result),
        });
    },

    setStep: ({ verification = null, result, ...step }: StepStanding): void =>
      void setStep.run({ ...step, verification, result: toStored(StepResult, result) }),

    steps: (run: RunId): RunStep[] => steps.all(run).map(toStep),

    /** Call it in the transaction of what it records. */
    append: (entry: NewEntry): void =>
      void addEntry.run(
        "note" in entry
          ? { ...entry, note: toStored(RunNote, entry.note), result: null }
          : { ...entry, note: null, result: toStored(StepResult, entry.result) },
      ),

    /** What the journal tells beside the results of steps, the oldest first; without what another version has written. */
    notes: (run: RunId): { at: Instant; note: RunNote }[] =>
      allEntries.all(run).flatMap(({ at, note: stored }) => {
        const note = stored === null ? null : fromStored(RunNote, stored);
        return note === null ? [] : [{ at, note }];
      }),

    all: (run: RunId): RunEntry[] => allEntries.all(run).map(toEntry),

    list: ({ runId, ...page }: Window & { runId: RunId }): Listed<RunEntry> =>
      lists.list(
        {
          select: ENTRY_COLUMNS,
          from: "run_entry",
          sort: BY_ID,
          where: [{ sql: "run = ?", values: [runId] }],
          ...page,
        },
        toEntry,
      ),
  };
}

const toStep = ({ host, port, result: stored, ...row }: StepRow): RunStep => {
  const result = stored === null ? null : fromStored(StepResult, stored);
  const otherwise = stored === null ? "" : UNREADABLE;
  return RunStep.parse({
    ...row,
    host: host || null,
    port: host === "" ? null : port,
    result,
    message: result === null ? otherwise : formatStepResult(result),
  });
};

const toEntry = ({ note: storedNote, result: storedResult, ...row }: EntryRow): RunEntry => {
  const note = fromStored(RunNote, storedNote ?? "null");
  const result = fromStored(StepResult, storedResult ?? "null");
  const otherwise = note === null ? UNREADABLE : formatRunNote(note);
  return RunEntry.parse({ ...row, text: result === null ? otherwise : formatStepResult(result) });
};
