import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { threadEnvironment } from "#shared/model/child-environment.ts";
import { MEMORY } from "#store/opening/connection.ts";
import type { Store } from "#store/store.ts";
import { createReader } from "./describe-probe.ts";
import { createBundleImporter } from "./import-bundle.ts";
import {
  type OnRecorderMessage,
  type RecorderCommand,
  type RecorderLink,
  type RecorderMessage,
  reviveError,
  serializeError,
} from "./recording/messages.ts";
import { createRecorder } from "./recording/recorder.ts";
import { createRecording } from "./recording/recording.ts";
import type { RecordingWork } from "./recording-worker.ts";

/** The worker is beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./recording-worker${extname(import.meta.url)}`, import.meta.url);

/** The recording of scans into a store. Other writers of this process alternate with it from now on. */
export function recordInto(store: Store, deps: Omit<Parameters<typeof createRecording>[0], "startRecorder">) {
  const recording = createRecording({
    startRecorder: (onMessage) => startRecorder(store, onMessage),
    ...deps,
  });
  store.shareWith(recording.acquireWriter);
  return recording;
}

/** Starts a recorder: in a thread of its own; or in this one, for a database that no second connection can see. */
function startRecorder(store: Store, onMessage: OnRecorderMessage): RecorderLink {
  const { path } = store.facts();
  return path === MEMORY ? recordHere(store, onMessage) : recordAside({ path, disk: store.disk }, onMessage);
}

function recordAside(work: RecordingWork, onMessage: OnRecorderMessage): RecorderLink {
  const env = threadEnvironment(process.env);
  const worker = new Worker(WORKER, { name: "recording", workerData: work, argv: [], execArgv: [], env });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let isDead = false;
  // Reports its death once: after the report, the next thread may have been started.
  const die = (error: unknown) => {
    if (!isDead) onMessage({ kind: "dead", error: serializeError(error) });
    isDead = true;
  };
  worker
    .on("message", (message: RecorderMessage) =>
      message.kind === "dead" ? die(reviveError(message.error)) : onMessage(message),
    )
    .on("error", die)
    .on("exit", () => {
      die(new Error("the thread that records scans has ended"));
      resolve();
    });
  return {
    send: (sent, transfer = []) => worker.postMessage(sent, transfer),
    close() {
      worker.postMessage({ kind: "close" } satisfies RecorderCommand);
      return ended;
    },
  };
}

/** Does not close the store: its opener does. */
function recordHere(store: Store, onMessage: OnRecorderMessage): RecorderLink {
  const read = createReader(store);
  const importBundle = createBundleImporter(store, read);
  const send = createRecorder({ store, read, importBundle, post: onMessage });
  return { send, close: async () => undefined };
}
