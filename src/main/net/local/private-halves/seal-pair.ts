import { hash } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { writeOpenContainer } from "#codec/ssh-key.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { type KeyPair, padPair } from "./key-pair.ts";
import { SEAL_BLOCK_BYTES } from "./seal-lock.ts";

/** Beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./seal-worker${extname(import.meta.url)}`, import.meta.url);

/** The text of a private key file, in OpenSSH's format. A passphrase is put on it in a thread that ends with it. */
export async function sealPair(
  pair: KeyPair,
  passphrase: Redacted<string> | null,
): Promise<Redacted<string>> {
  const { blob } = pair;
  if (!passphrase) return new Redacted(writeOpenContainer(blob, padPair(pair, 8)));
  const { promise, resolve, reject } = Promise.withResolvers<Redacted<string>>();
  const secret = padPair(pair, SEAL_BLOCK_BYTES);
  const worker = new Worker(WORKER, {
    name: "seal",
    workerData: { blob, secret, passphrase: Redacted.reveal(passphrase) },
    argv: [],
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  worker
    .on("message", (text: string) => resolve(new Redacted(text)))
    // An error of the worker's could hold what it was given: only its code is told.
    .on("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`a passphrase could not be put on a key (${error.code ?? error.name})`)),
    );
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}

/** SHA-256 of the file that holds it, which tells nothing of what is in it. */
export const hashSealed = (text: Redacted<string>): string => hash("sha256", Redacted.reveal(text));
