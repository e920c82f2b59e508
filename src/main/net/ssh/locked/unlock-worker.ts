/** Opens one private key in a thread of its own, says what came of it, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import type { KeyLock } from "./key-lock.ts";
import { openLock } from "./open-lock.ts";

const { lock, passphrase } = workerData as { lock: KeyLock; passphrase: string };

parentPort?.postMessage(openLock(lock, passphrase));
