/** The thread in which files are looked into that may take long: what is locked, and what is large or YAML. */
import { parentPort } from "node:worker_threads";
import type { Trial } from "#domain/inspect/found.ts";
import { inspectBytes } from "#domain/inspect/inspect-bytes.ts";
import type { Inspection } from "#shared/contract/inspect.ts";

export type InspectJob = { name: string; bytes: Uint8Array; trial: Trial };
/** `ready`: the thread has loaded what it needs, and time counts from now on. */
export type Answered =
  | { kind: "ready" }
  | { kind: "inspected"; inspection: Inspection }
  | { kind: "failed"; why: string };

const answer = ({ name, bytes, trial }: InspectJob): Answered => {
  try {
    return { kind: "inspected", inspection: inspectBytes(name, bytes, trial) };
  } catch (error) {
    // Its message could hold what it was given.
    return { kind: "failed", why: error instanceof Error ? error.name : "unknown" };
  }
};

parentPort?.on("message", (job: InspectJob) => parentPort?.postMessage(answer(job)));
parentPort?.postMessage({ kind: "ready" } satisfies Answered);
