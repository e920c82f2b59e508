import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { threadEnvironment } from "#shared/model/child-environment.ts";
import { MEMORY } from "#store/opening/connection.ts";
import type { Store } from "#store/store.ts";
import { createReader } from "./describe-probe.ts";
import { createBundleImporter } from "./import-bundle.ts";
import {
  type Hear,
  type RecorderLink,
  reviveError,
  type Sent,
  serializeError,
  type Told,
} from "./recording/messages.ts";
import { createRecorder } from "./recording/recorder.ts";
import { createRecording } from "./recording/recording.ts";
import type { RecordingWork } from "./recording-worker.ts";

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./recording-worker${extname(import.meta.url)}`, import.meta.url);

/** What scans write into a store; whoever else writes to it takes turns with that from now on. */
export function recordInto(store: Store, deps: Omit<Parameters<typeof createRecording>[0], "startRecorder">) {
  const recording = createRecording({ startRecorder: (hear) => startRecorder(store, hear), ...deps });
  store.shareWith(recording.takeTurn);
  return recording;
}

/** Starts a recorder: in a thread of its own; or in this one, for a database that no second connection can see. */
function startRecorder(store: Store, hear: Hear): RecorderLink {
  const { path } = store.facts();
  return path === MEMORY ? recordHere(store, hear) : recordAside({ path, disk: store.disk }, hear);
}

function recordAside(work: RecordingWork, hear: Hear): RecorderLink {
  const env = threadEnvironment(process.env);
  const worker = new Worker(WORKER, { name: "recording", workerData: work, argv: [], execArgv: [], env });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let isDead = false;
  // Once: when it has been told, the next thread may have been started.
  const die = (error: unknown) => {
    if (!isDead) hear({ kind: "dead", error: serializeError(error) });
    isDead = true;
  };
  worker
    .on("message", (told: Told) => (told.kind === "dead" ? die(reviveError(told.error)) : hear(told)))
    .on("error", die)
    .on("exit", () => {
      die(new Error("the thread that records scans has ended"));
      resolve();
    });
  return {
    send: (sent, transfer = []) => worker.postMessage(sent, transfer),
    close() {
      worker.postMessage({ kind: "close" } satisfies Sent);
      return ended;
    },
  };
}

/** The store is closed by whoever opened it. */
function recordHere(store: Store, hear: Hear): RecorderLink {
  const read = createReader(store);
  const importBundle = createBundleImporter(store, read);
  const send = createRecorder({ store, read, importBundle, tell: hear });
  return { send, close: async () => undefined };
}
