import type { RunRules } from "#domain/runs/runbook.ts";
import type { HostClock } from "#domain/runs/watch-old-key.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import type {
  AccessCheck,
  KeptKey,
  RunEntry,
  RunFile,
  RunFileState,
  RunId,
  RunState,
  RunStep,
  StepState,
  StepVerification,
} from "#shared/model/runs/run.ts";
import type { RunNote, RunReason } from "#shared/model/runs/run-note.ts";
import type { Awaited, Cause, Intent, StepResult } from "#shared/model/runs/step-result.ts";
import type { Trace } from "#shared/text/fault.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { formatRunReasons } from "#shared/text/runs/run.ts";
import { formatRunNote } from "#shared/text/runs/run-note.ts";
import { formatStepResult } from "#shared/text/runs/run-step.ts";
import type { Direction } from "#store/runs/run-table.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  announce: (announcement: Announcement) => void;
  trace: Trace;
  now: () => Date;
};

const KIND: Record<StepState, RunEntry["kind"]> = {
  planned: "note",
  intended: "intends",
  acted: "acted",
  verified: "verified",
  "rolled-back": "rolled-back",
  failed: "failed",
  "needs-attention": "failed",
};

/** The database cannot be written now: because of its disk, or of another process that holds it. */
export const isUnwritable = (error: unknown): error is Refusal =>
  error instanceof Refusal && (error.code === "unusable" || error.code === "locked");

export type Journal = ReturnType<typeof openJournal>;

/**
 * What a run is about to do, on the disk before it does it, and its result afterwards. An intent that cannot be written
 * rejects: then nothing is done. If anything else cannot be written, `failure` says so to the run, which then ends what
 * is under way on a host and begins nothing more.
 */
export function openJournal(deps: Deps, runId: RunId) {
  const steps = new Map(deps.store.runbooks.journal.steps(runId).map((step) => [step.ordinal, step]));
  const pen = takePen(deps, runId, steps);
  let files = deps.store.runbooks.files.all(runId);
  let checks = deps.store.runbooks.accessChecks.all(runId);
  const readChecks = (): void => {
    checks = deps.store.runbooks.accessChecks.all(runId);
  };
  let failure: unknown = null;
  const keepFailure = (error: unknown): void => {
    failure ??= error;
  };

  return {
    steps: (): RunStep[] => [...steps.values()],
    failure: () => failure,

    /** How many entries of a kind the step has, whoever wrote them: an act of a run that was killed is among them. */
    countEntries: (ordinal: number, kind: RunEntry["kind"]): number =>
      deps.store.runbooks.journal
        .all(runId)
        .filter((entry) => entry.ordinal === ordinal && entry.kind === kind).length,

    ...stepWriter(pen, keepFailure),

    /** What sshd has answered about keys that were removed. */
    accessChecks: (): readonly AccessCheck[] => checks,

    keepCheck: (check: AccessCheck): Promise<void> =>
      pen
        .record(() => {
          deps.store.runbooks.accessChecks.put(runId, check);
          return readChecks;
        })
        .catch(keepFailure),

    /** Forgets those of a host whose lines were put back. */
    forgetChecks: ({ host, port }: Pick<AccessCheck, "host" | "port">): Promise<void> =>
      pen
        .record(() => {
          deps.store.runbooks.accessChecks.forget(runId, host, port);
          return readChecks;
        })
        .catch(keepFailure),

    /** Files that the run has left out, or that are stuck. */
    files: (): readonly RunFile[] => files,

    /** To be written before anything else is done without the file. */
    leaveOut: (ordinal: number, file: RunFileState): Promise<void> =>
      pen.record((at) => {
        deps.store.runbooks.files.put(runId, file);
        pen.add(at, ordinal, { kind: "left-out", path: file.path, cause: file.cause });
        return () => {
          files = deps.store.runbooks.files.all(runId);
        };
      }),

    /** Replaces what was stuck at a host with what is stuck there now. */
    setStuck: (
      { host, port }: Pick<RunFile, "host" | "port">,
      stuck: readonly RunFileState[],
    ): Promise<void> =>
      pen
        .record(() => {
          deps.store.runbooks.files.unstick(runId, host, port);
          for (const file of stuck) deps.store.runbooks.files.put(runId, file);
          return () => {
            files = deps.store.runbooks.files.all(runId);
          };
        })
        .catch(keepFailure),

    ...clockWriter(deps, runId, (work) => pen.record(work).catch(keepFailure)),
    ...keptKeyWriter(deps, runId, pen),
    ...stateWriter(deps, runId, pen),
  };
}

/** A certificate that a step waits for is no login. */
const verificationOf = (awaited: Awaited): StepVerification | null =>
  awaited.kind === "certificate" ? null : "waiting";

const stepWriter = (pen: Pen, keepFailure: (error: unknown) => void) => ({
  /** To be written before an act. */
  intend: (ordinal: number, to: Intent): Promise<void> =>
    pen.write(ordinal, { state: "intended", verification: null, result: { kind: "intended", to } }),

  /** To be written after one. */
  mark: (
    ordinal: number,
    state: StepState,
    result: StepResult,
    verification: StepVerification | null = null,
  ): Promise<void> => pen.write(ordinal, { state, verification, result }).catch(keepFailure),

  /** What the step has done stays, and nothing more can be done before `awaited` comes. */
  markWaiting: (ordinal: number, awaited: Awaited): Promise<void> =>
    pen
      .write(ordinal, {
        state: "acted",
        verification: verificationOf(awaited),
        result: { kind: "waiting", for: awaited },
      })
      .catch(keepFailure),

  /** A note about a step that stays in its state; without `ordinal` about the run itself. */
  note: (ordinal: number | null, note: RunNote, kind: RunEntry["kind"] = "note"): Promise<void> =>
    pen.record((at) => pen.add(at, ordinal, note, kind)).catch(keepFailure),

  /** Why the step is tried again, for whoever follows the run; its state stays. */
  noteRetrying: (ordinal: number, cause: Cause): Promise<void> =>
    pen.append(ordinal, { kind: "retrying", cause }, null).catch(keepFailure),

  /** The same for what it waits for, while it is not done. */
  noteWaiting: (ordinal: number, awaited: Awaited): Promise<void> =>
    pen.append(ordinal, { kind: "waiting", for: awaited }, verificationOf(awaited)).catch(keepFailure),
});

type Standing = { state: StepState; verification: StepVerification | null; result: StepResult };

const clockWriter = ({ store, now }: Deps, runId: RunId, record: (work: () => void) => Promise<void>) => ({
  /** The clock that dates entries. */
  now,

  /** The clocks of hosts, as they were before the old key is watched. */
  clocks: (): HostClock[] => store.runbooks.clocks.ofRun(runId),

  keepClock: (clock: HostClock): Promise<void> => record(() => store.runbooks.clocks.put(runId, clock)),
});

const keptKeyWriter = ({ store }: Deps, runId: RunId, pen: Pen) => ({
  /** Old private keys that are kept beside the new ones. */
  keptKeys: (): KeptKey[] => store.runbooks.keptKeys.ofRun(runId),

  /** To be written before the key gets the name under which it is kept. */
  keepKey: (key: KeptKey): Promise<void> => pen.record(() => store.runbooks.keptKeys.put(runId, key)),

  /** To be called once the key is deleted. */
  forgetKey: (key: KeptKey): Promise<void> => pen.record(() => store.runbooks.keptKeys.forget(runId, key)),
});

type Pen = ReturnType<typeof takePen>;

function takePen({ store, announce, trace, now }: Deps, runId: RunId, steps: Map<number, RunStep>) {
  const { journal } = store.runbooks;
  return { record, add, announceChange, write, append };

  function write(ordinal: number, standing: Standing): Promise<void> {
    return record((at) => {
      const step = steps.get(ordinal);
      if (!step) throw new Error(`run ${runId} has no step ${ordinal}`);
      const { state, result } = standing;
      const kind = standing.verification === "unverified" ? "acted" : KIND[state];
      journal.append({ runId, ordinal, kind, result, at });
      journal.setStep({ runId, ordinal, ...standing, at });
      const message = formatStepResult(result);
      announceChange(at, ordinal, kind, message);
      trace("run", runId, "step", ordinal, step.phase, state);
      return () => steps.set(ordinal, { ...step, ...standing, message, at });
    });
  }

  /** Within a transaction of the store. */
  function add(at: string, ordinal: number | null, note: RunNote, kind: RunEntry["kind"] = "note"): void {
    journal.append({ runId, ordinal, kind, note, at });
    announceChange(at, ordinal, kind, formatRunNote(note));
  }

  function append(ordinal: number, result: StepResult, verification: StepVerification | null): Promise<void> {
    return record((at) => {
      const step = steps.get(ordinal);
      if (!step) throw new Error(`run ${runId} has no step ${ordinal}`);
      journal.setStep({ runId, ordinal, state: step.state, verification, result, at });
      return () =>
        steps.set(ordinal, { ...step, verification, result, message: formatStepResult(result), at });
    });
  }

  /** Adds an event to the audit log. */
  function announceChange(at: string, ordinal: number | null, entry: RunEntry["kind"], text: string): void {
    const step = ordinal === null ? null : (steps.get(ordinal) ?? null);
    const where = step?.host ? formatHostAddress({ host: step.host, port: step.port ?? 22 }) : "here";
    const detail = { run: runId, ordinal, ...(step && { phase: step.phase, location: where }), entry, text };
    store.events.append({ at, kind: "run-step", detail, hosts: step?.host ? [step.host] : [] });
  }

  /**
   * Writes all or nothing; it is on the disk when this resolves. If the work returns a function, that is called then.
   */
  async function record(work: (at: string) => unknown): Promise<void> {
    const after = await store.queueWrite(() => work(toInstant(now())));
    if (typeof after === "function") after();
    announce({ kind: "run-changed", runId });
  }
}

const stateWriter = ({ store }: Deps, runId: RunId, { record, announceChange }: Pen) => ({
  setKey: (key: { line: string; fingerprint: string }): Promise<void> =>
    record((at) => {
      store.runbooks.runs.setKey(runId, key);
      announceChange(at, null, "note", `the new key is ${key.fingerprint}`);
    }),

  setDirection: (direction: Direction): Promise<void> =>
    record(() => store.runbooks.runs.setDirection(runId, direction)),

  setUndo: (until: Instant | null): Promise<void> => record(() => store.runbooks.runs.setUndo(runId, until)),

  setDue: (dueAt: string | null): Promise<void> => record(() => store.runbooks.runs.setDue(runId, dueAt)),

  setState: (state: RunState, reasons: readonly RunReason[], byHand: readonly string[] = []): Promise<void> =>
    record((at) => {
      const isOver = state === "committed" || state === "rolled-back";
      store.runbooks.runs.setState({ id: runId, state, reasons, byHand, endedAt: isOver ? at : null });
      const note: RunNote = { kind: "state", state, reasons: [...reasons] };
      store.runbooks.journal.append({ runId, ordinal: null, kind: "note", note, at });
      const message = formatRunReasons(reasons);
      store.events.append({ at, kind: "run-ended", detail: { run: runId, state, message } });
    }),
});

/** The steps of a plan as the journal keeps them, before the first of them begins. */
export const toSteps = <P extends Plan>(rules: RunRules<P>, plan: P): RunStep[] =>
  rules.steps(plan).map(({ host: where, ...step }) => {
    const host = where === null ? null : plan.hosts[where];
    return {
      ...step,
      host: host?.host ?? null,
      port: host?.port ?? null,
      state: "planned",
      verification: null,
      result: null,
      message: "",
      at: null,
    };
  });
