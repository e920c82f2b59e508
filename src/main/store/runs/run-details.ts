import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import {
  AccessCheck,
  KeptKey,
  RunFile,
  type RunFileState,
  RunId,
  type RunRepair,
} from "#shared/model/runs/run.ts";
import { Cause } from "#shared/model/runs/step-result.ts";
import { formatCause } from "#shared/text/runs/run-cause.ts";
import { fromStored, Texts, toStored, UNREADABLE, UNREADABLE_CAUSE } from "./stored-json.ts";

type Row = Omit<AccessCheck, "why"> & { why: string };

const CHECK_COLUMNS = "host, port, account, fingerprint, answer, why, at";

const COMMITTED = "(SELECT id FROM run WHERE state = 'committed')";

/** What sshd says of keys whose lines runs have removed. */
export function accessCheckTable(db: Database) {
  const all = db.prepare<[number], Row>(
    `SELECT ${CHECK_COLUMNS} FROM run_access_check WHERE run = ? ORDER BY host, port, account, fingerprint`,
  );
  const accepted = db.prepare<[number], Row & { runId: number }>(`
    SELECT run AS runId, ${CHECK_COLUMNS} FROM run_access_check AS found INDEXED BY access_check_accepted
    WHERE answer = 'accepted' AND run IN ${COMMITTED}
      AND NOT EXISTS (
        SELECT 1 FROM run_access_check AS later INDEXED BY access_check_of_key
        WHERE later.host = found.host AND later.port = found.port AND later.account = found.account
          AND later.fingerprint = found.fingerprint AND (later.at, later.run) > (found.at, found.run)
          AND (later.answer = 'refused' OR later.answer = 'accepted' AND later.run IN ${COMMITTED}))
    ORDER BY at DESC, run DESC, host, port, account LIMIT ?`);
  const put = db.prepare(`
    INSERT INTO run_access_check (run, ${CHECK_COLUMNS})
    VALUES (@run, @host, @port, @account, @fingerprint, @answer, @why, @at)
    ON CONFLICT DO UPDATE SET answer = excluded.answer, why = excluded.why, at = excluded.at
    WHERE excluded.answer <> 'unknown' OR answer = 'unknown'`);
  const forget = db.prepare("DELETE FROM run_access_check WHERE run = ? AND host = ? AND port = ?");

  return {
    all: (run: RunId): AccessCheck[] =>
      all
        .all(run)
        .map(({ why, ...row }) => AccessCheck.parse({ ...row, why: fromStored(Texts, why) ?? [UNREADABLE] })),

    /** What sshd still accepts, by its last answers, after runs that are over: the newest first. */
    accepted: (limit: number): { runId: RunId; check: AccessCheck }[] =>
      accepted.all(limit).map(({ why, runId, ...row }) => ({
        runId: RunId.parse(runId),
        check: AccessCheck.parse({ ...row, why: fromStored(Texts, why) ?? [UNREADABLE] }),
      })),

    /** The last answer counts; one that could not be had does not cancel an earlier one. */
    put: (run: RunId, { why, ...check }: AccessCheck): void =>
      void put.run({ ...check, run, why: toStored(Texts, why) }),

    /** Forgets the answers of a host whose lines were restored. */
    forget: (run: RunId, host: string, port: number): void => void forget.run(run, host, port),
  };
}

/** How far the clock of a host was ahead of this computer's. */
type HostClock = { host: string; port: number; aheadSeconds: number };

/** What runs have seen of their hosts' clocks. */
export function clockTable(db: Database) {
  const ofRun = db.prepare<[number], HostClock>(
    "SELECT host, port, ahead_seconds AS aheadSeconds FROM run_host_clock WHERE run = ? ORDER BY host, port",
  );
  const put = db.prepare(`
    INSERT INTO run_host_clock (run, host, port, ahead_seconds)
    VALUES (@run, @host, @port, @aheadSeconds)
    ON CONFLICT DO UPDATE SET ahead_seconds = excluded.ahead_seconds`);

  const read = db
    .prepare<{ host: string; port: number }, number | null>(
      "SELECT clock_ahead_seconds FROM host WHERE host = @host AND port = @port",
    )
    .pluck();

  return {
    ofRun: (run: RunId): HostClock[] => ofRun.all(run),

    /** Seconds ahead, by the last scan that read the host; null where it did not find its clock. */
    readOf: ({ host, port }: { host: string; port: number }): number | null =>
      read.get({ host, port }) ?? null,

    /** The last one counts. */
    put: (run: RunId, clock: HostClock): void => void put.run({ ...clock, run }),
  };
}

/** An old private key with the run that has left it. */
type KeptKeyOfRun = KeptKey & { run: RunId };

type KeptKeyRow = KeptKey & { run: number };

/** Old private keys that runs have left beside the new ones. */
export function keptKeyTable(db: Database) {
  const ofRun = db.prepare<[number], KeptKeyRow>(
    "SELECT run, host, port, path, kept FROM kept_key WHERE run = ? ORDER BY host, port, path",
  );
  const all = db.prepare<[], KeptKeyRow>("SELECT run, host, port, path, kept FROM kept_key ORDER BY run, id");
  const forget = db.prepare(
    "DELETE FROM kept_key WHERE run = @run AND kept = @kept AND host IS @host AND port IS @port",
  );
  const add = db.prepare(
    "INSERT INTO kept_key (run, host, port, path, kept) VALUES (@run, @host, @port, @path, @kept)",
  );

  return {
    ofRun: (run: RunId): KeptKey[] => ofRun.all(run).map((row) => KeptKey.parse(row)),

    /** Those of all runs. */
    all: (): KeptKeyOfRun[] => all.all().map((row) => ({ ...KeptKey.parse(row), run: RunId.parse(row.run) })),

    /** Safe to be called twice. */
    put: (run: RunId, key: KeptKey): void => {
      forget.run({ ...key, run });
      add.run({ ...key, run });
    },

    /** Removes a key that is gone. */
    forget: (run: RunId, key: KeptKey): void => void forget.run({ ...key, run }),
  };
}

/** An account of a host, for which somebody has approved a run's new key. */
type ApprovedAccount = { host: string; port: number; account: string; at: Instant; who: string };

export type Confirmations = {
  /** The signature of the run's challenge, armored; null where none was provided. */
  signature: string | null;
  approvals: ApprovedAccount[];
};

type ConfirmationRow = ApprovedAccount & { kind: "signature" | "approval"; evidence: string };
type ConfirmedBy = { run: RunId; at: Instant; who: string };

/** What people have confirmed of the new keys of runs. Whatever acts on a signature verifies it. */
export function confirmationTable(db: Database) {
  const all = db.prepare<[number], ConfirmationRow>(
    "SELECT kind, host, port, account, at, who, evidence FROM run_confirmation WHERE run = ? ORDER BY kind, host, port, account",
  );
  const put = db.prepare(`
    INSERT INTO run_confirmation (run, kind, host, port, account, at, who, evidence)
    VALUES (@run, @kind, @host, @port, @account, @at, @who, @evidence)
    ON CONFLICT DO UPDATE SET at = @at, who = @who, evidence = @evidence`);

  return {
    of(run: RunId): Confirmations {
      const rows = all.all(run);
      const signature = rows.find(({ kind }) => kind === "signature")?.evidence ?? null;
      const approvals = rows.filter(({ kind }) => kind === "approval");
      return {
        signature,
        approvals: approvals.map(({ host, port, account, at, who }) => ({ host, port, account, at, who })),
      };
    },

    sign: (said: ConfirmedBy, signature: string): void =>
      void put.run({ ...said, kind: "signature", host: "", port: 0, account: "", evidence: signature }),

    approve: (
      said: ConfirmedBy,
      { host, port, account }: { host: string; port: number; account: string },
    ): void => void put.run({ ...said, kind: "approval", host, port, account, evidence: "" }),
  };
}

type RunFileRow = Omit<RunFile, "cause" | "why" | "takeOut" | "putBack" | "repair"> & {
  cause: string;
  take_out: string;
  put_back: string;
  repair_over: string | null;
  repair_to: string | null;
  is_approved: number;
};

const FILE_COLUMNS =
  "host, port, path, phase, fate, cause, take_out, put_back, repair_over, repair_to, is_approved";

/** Files that runs have left out, or could neither change nor restore. */
export function runFileTable(db: Database) {
  const all = db.prepare<[number], RunFileRow>(
    `SELECT ${FILE_COLUMNS} FROM run_file WHERE run = ? ORDER BY host, port, path`,
  );
  const put = db.prepare(`
    INSERT INTO run_file (run, ${FILE_COLUMNS})
    VALUES (@run, @host, @port, @path, @phase, @fate, @cause, @takeOut, @putBack, @over, @to, 0)
    ON CONFLICT (run, host, port, path) DO UPDATE SET phase = excluded.phase, fate = excluded.fate, cause = excluded.cause,
      take_out = excluded.take_out, put_back = excluded.put_back, repair_over = excluded.repair_over,
      repair_to = excluded.repair_to, is_approved = 0`);
  const approve = db.prepare(`
    UPDATE run_file SET is_approved = 1
    WHERE run = @run AND host = @host AND port = @port AND path = @path AND fate = 'stuck'
      AND repair_over = @over AND repair_to = @to`);
  const unstick = db.prepare(
    "DELETE FROM run_file WHERE run = ? AND host = ? AND port = ? AND fate = 'stuck'",
  );

  const include = db.prepare(
    "DELETE FROM run_file WHERE run = ? AND host = ? AND port = ? AND fate = 'left-out'",
  );

  return {
    all: (run: RunId): RunFile[] => all.all(run).map(toFile),

    /** This approves no repair: only `approve` does. */
    put: (run: RunId, { cause, takeOut, putBack, repair, ...file }: RunFileState): void =>
      void put.run({
        ...file,
        run,
        cause: toStored(Cause, cause),
        takeOut: toStored(Texts, takeOut),
        putBack: toStored(Texts, putBack),
        over: repair?.over ?? null,
        to: repair?.to ?? null,
      }),

    /** False where this is not the repair that would be done there. */
    approve: (run: RunId, approved: RunRepair): boolean => approve.run({ ...approved, run }).changes === 1,

    /** Forgets the files of that host that were left out. */
    include: (run: RunId, host: string, port: number): void => void include.run(run, host, port),

    /** Forgets the files that are stuck there; those that are left out stay so. */
    unstick: (run: RunId, host: string, port: number): void => void unstick.run(run, host, port),
  };
}

function toFile({
  take_out,
  put_back,
  repair_over: over,
  repair_to: to,
  is_approved,
  ...row
}: RunFileRow): RunFile {
  const cause = fromStored(Cause, row.cause) ?? UNREADABLE_CAUSE;
  const [takeOut, putBack] = [fromStored(Texts, take_out), fromStored(Texts, put_back)];
  // Nobody can approve what cannot be shown.
  const isShown = takeOut !== null && putBack !== null;
  return RunFile.parse({
    ...row,
    cause,
    why: formatCause(cause),
    takeOut: takeOut ?? [],
    putBack: putBack ?? [],
    repair: over === null || !isShown ? null : { over, to, isApproved: is_approved === 1 },
  });
}
