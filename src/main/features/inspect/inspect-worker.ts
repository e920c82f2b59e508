/** The thread that reads files which may take long: locked ones, large ones and YAML. */
import { parentPort } from "node:worker_threads";
import type { Trial } from "#domain/inspect/found.ts";
import { inspectBytes } from "#domain/inspect/inspect-bytes.ts";
import type { Inspection } from "#shared/contract/inspect.ts";

export type InspectJob = { name: string; bytes: Uint8Array; trial: Trial };
/** `ready`: the thread has loaded what it needs, and the time limit begins. */
export type Answered =
  | { kind: "ready" }
  | { kind: "inspected"; inspection: Inspection }
  | { kind: "failed"; why: string };

const answer = ({ name, bytes, trial }: InspectJob): Answered => {
  try {
    return { kind: "inspected", inspection: inspectBytes(name, bytes, trial) };
  } catch (error) {
    // The message of the error could contain a part of the input.
    return { kind: "failed", why: error instanceof Error ? error.name : "unknown" };
  }
};

parentPort?.on("message", (job: InspectJob) => parentPort?.postMessage(answer(job)));
parentPort?.postMessage({ kind: "ready" } satisfies Answered);
