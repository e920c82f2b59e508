import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { EndedState } from "./recording/messages.ts";
import type { Recording } from "./recording/recording.ts";
import { runScan, type ScanTask, type Visits } from "./run-scan.ts";

type Deps = {
  recording: Pick<Recording, "awaitTurn" | "keep" | "settle" | "finish" | "onFailure">;
  announce: (announcement: Announcement) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type Signals = {
  /** Aborted with `CANCELLED` by the user, or with the failure by a database that takes no more writes. */
  controller: AbortController;
  /** Latchkey is closing. */
  closing: AbortSignal;
};

export const CANCELLED = new Error("the scan was cancelled");

/** Runs a scan that has begun. However it ends, it is closed with what it has read, and its end is announced. */
export async function carryOut(
  { recording, announce, log, now }: Deps,
  task: ScanTask,
  prepare: (signal: AbortSignal) => Visits,
  { controller, closing }: Signals,
): Promise<void> {
  const { scanId } = task;
  const signal = AbortSignal.any([controller.signal, closing]);
  recording.onFailure(scanId, (error) => controller.abort(error));
  let state: EndedState = "interrupted";
  try {
    await runScan(task, prepare(signal), { ...recording, log, now }, signal);
    await recording.settle();
    signal.throwIfAborted();
    state = "finished";
  } catch (error) {
    if (error === CANCELLED) state = "cancelled";
    else if (!closing.aborted) throw error;
  } finally {
    try {
      // A database that takes no more writes keeps the scan as running; whoever opens it next sees it interrupted.
      await recording.finish({ scanId, state, at: toInstant(now()) });
    } finally {
      // Whoever follows the scan must not wait for an end that no database takes.
      announce({ kind: "scan-finished", scanId });
    }
  }
}
