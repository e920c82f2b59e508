/** The thread that reads, evaluates and writes the results of a scan. It ends at the command `close`. */
import { parentPort, workerData } from "node:worker_threads";
import { openRecordingStore } from "#store/recording-store.ts";
import { createReader } from "./describe-probe.ts";
import { createBundleImporter } from "./import-bundle.ts";
import { type RecorderCommand, type RecorderMessage, serializeError } from "./recording/messages.ts";
import { createRecorder } from "./recording/recorder.ts";

export type RecordingWork = Parameters<typeof openRecordingStore>[0];

const post = (message: RecorderMessage): void => parentPort?.postMessage(message);

try {
  const store = openRecordingStore(workerData as RecordingWork);
  const read = createReader(store);
  const record = createRecorder({ store, read, importBundle: createBundleImporter(store, read), post });
  parentPort?.on("message", (sent: RecorderCommand) => {
    record(sent);
    if (sent.kind === "close") parentPort?.close();
  });
} catch (error) {
  post({ kind: "dead", error: serializeError(error) });
}
