import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { Redacted } from "#shared/model/redacted.ts";
import type { KeyLock } from "./key-lock.ts";

/** What came of a passphrase. `opened`: the private key without it. `failed`: a sentence, whatever the passphrase. */
export type Unlocked =
  | { kind: "opened"; text: Redacted<string> }
  | { kind: "wrong" }
  | { kind: "failed"; why: string };

const UNLOCK_TIMEOUT_MS = 60_000;

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./unlock-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Tries a passphrase in a thread that nothing else runs in: it ends with the answer, at the limit, or when told to
 * stop, with all that it knew. Rejects only when told to stop.
 */
export async function unlock(
  lock: KeyLock,
  passphrase: Redacted<string>,
  signal: AbortSignal,
  timeoutMs = UNLOCK_TIMEOUT_MS,
): Promise<Unlocked> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Unlocked>();
  const worker = new Worker(WORKER, {
    name: "unlock",
    workerData: { lock, passphrase: Redacted.reveal(passphrase) },
    argv: [],
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  const timer = setTimeout(resolve, timeoutMs, {
    kind: "failed",
    why: `it was not opened within ${timeoutMs / 1_000} s: load it into ssh-agent with ssh-add`,
  } satisfies Unlocked);
  worker
    .on("message", (text: string | null) =>
      resolve(text === null ? { kind: "wrong" } : { kind: "opened", text: new Redacted(text) }),
    )
    // An error of the worker's could hold what it was given: only its code is told.
    .on("error", (error: NodeJS.ErrnoException) =>
      resolve({ kind: "failed", why: `this program failed to open it (${error.code ?? error.name})` }),
    );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    // Native derivations end by themselves only; nobody waits for them.
    void worker.terminate();
  }
}
