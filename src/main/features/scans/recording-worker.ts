/** The thread in which what a scan brings home is read, judged and written. It ends when it is told to close. */
import { parentPort, workerData } from "node:worker_threads";
import { openRecordingStore } from "#store/recording-store.ts";
import { createReader } from "./describe-probe.ts";
import { createBundleImporter } from "./import-bundle.ts";
import { type Sent, serializeError, type Told } from "./recording/messages.ts";
import { createRecorder } from "./recording/recorder.ts";

export type RecordingWork = Parameters<typeof openRecordingStore>[0];

const tell = (told: Told): void => parentPort?.postMessage(told);

try {
  const store = openRecordingStore(workerData as RecordingWork);
  const read = createReader(store);
  const hear = createRecorder({ store, read, importBundle: createBundleImporter(store, read), tell });
  parentPort?.on("message", (sent: Sent) => {
    hear(sent);
    if (sent.kind === "close") parentPort?.close();
  });
} catch (error) {
  tell({ kind: "dead", error: serializeError(error) });
}
