/** Puts a passphrase on one private key in a thread of its own, says what came of it, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { sealLock } from "./seal-lock.ts";

const { blob, secret, passphrase } = workerData as Record<"blob" | "secret", Uint8Array> & {
  passphrase: string;
};

parentPort?.postMessage(sealLock(blob, secret, passphrase));
