/** What a utility process finds when it starts: a parent port that speaks as Electron's does. */
import { pathToFileURL } from "node:url";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";

type ParentMessage = { data: unknown; ports: MessagePort[] };

Object.assign(process, {
  parentPort: {
    on: (event: string, listener: (said: ParentMessage) => void) => parentPort?.on(event, listener),
    postMessage: (message: unknown) => parentPort?.postMessage(message),
  },
});

await import(pathToFileURL(workerData.file).href);
