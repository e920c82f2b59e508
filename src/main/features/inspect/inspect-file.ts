import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { viewOf } from "#codec/der.ts";
import { inspectBytes } from "#domain/inspect/inspect-bytes.ts";
import { isKubernetes } from "#domain/inspect/inspect-pem.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import { threadEnvironment } from "#shared/model/child-environment.ts";
import { Redacted } from "#shared/model/secret.ts";
import type { Answered, InspectJob } from "./inspect-worker.ts";

/** A larger file is read in a thread that can be stopped. */
const MOST_HERE = 256 * 1024;

type InspectRequest = { name: string; base64: string; passwords: readonly Redacted<string>[] };

/**
 * Reads what is in a file. Quick work is done here. A file with a lock to try passwords on, a large one or YAML is read
 * in a thread that can be stopped.
 */
export async function inspectFile(
  { name, base64, passwords }: InspectRequest,
  aside: ReturnType<typeof createAside>,
): Promise<Inspection> {
  const bytes = Buffer.from(base64, "base64");
  const view = viewOf(bytes);
  const isSlow = bytes.length > MOST_HERE || isKubernetes(view);
  const quick = isSlow ? null : inspectBytes(name, bytes);
  if (quick && quick.wantsPassword === null) return quick;
  const answer = await aside.inspect({ name, bytes, passwords });
  if (answer.kind === "inspected") return answer.inspection;
  const why =
    answer.kind === "too-long"
      ? `it was looked into for ${answer.limitMs / 1_000} s, and given up`
      : `this program failed to look into it (${answer.why})`;
  const base = quick ?? { ...NOTHING, source: name };
  return { ...base, malformed: [...base.malformed, quick ? `its lock could not be tried: ${why}` : why] };
}

const NOTHING = {
  kind: "unknown",
  items: [],
  stores: [],
  malformed: [],
  wantsPassword: null,
  isWrongPassword: false,
} satisfies Omit<Inspection, "source">;

/** The worker is beside this file, as source and as built: all parts of the program are in one folder then. */
const WORKER = new URL(`./inspect-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Limits for what would never end. Without a typed password, well-known ones are tried only where all of them together
 * cost about half a second (default-passwords.ts). The user waits longer for a password that was typed.
 */
const LIMITS_MS = { untyped: 10_000, typed: 60_000 } as const;

type File = { name: string; bytes: Uint8Array; passwords: readonly Redacted<string>[] };

/** `too-long`: it was stopped at the limit. `failed`: a bug, of which only the kind of error is reported. */
type Aside =
  | { kind: "inspected"; inspection: Inspection }
  | { kind: "too-long"; limitMs: number }
  | { kind: "failed"; why: string };

/** Reads files in a thread that can be stopped, one after another. The thread is kept for the next file. */
export function createAside(limits: Readonly<Record<"untyped" | "typed", number>> = LIMITS_MS) {
  let kept: Worker | null = null;
  let last: Promise<unknown> = Promise.resolve();

  return {
    inspect(file: File): Promise<Aside> {
      const answer = last.then(() => inspect(file));
      last = answer.catch(() => undefined);
      return answer;
    },
  };

  async function inspect({ name, bytes, passwords }: File): Promise<Aside> {
    const isFresh = kept === null;
    const worker = kept ?? startWorker();
    kept = null;
    const limitMs = passwords.length > 0 ? limits.typed : limits.untyped;
    const trial = { passwords: passwords.map((password) => Redacted.reveal(password)), triesDefaults: true };
    const aside = await runJob({ worker, isFresh }, { name, bytes, trial }, limitMs);
    if (aside.kind === "inspected") kept = worker;
    else void worker.terminate();
    // The thread does not keep the process from ending.
    worker.unref();
    return aside;
  }
}

const startWorker = (): Worker =>
  new Worker(WORKER, {
    name: "inspect",
    argv: [],
    execArgv: [],
    env: threadEnvironment(process.env),
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });

type Asking = { worker: Worker; isFresh: boolean };

async function runJob({ worker, isFresh }: Asking, job: InspectJob, limitMs: number): Promise<Aside> {
  const { promise, resolve } = Promise.withResolvers<Aside>();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer = setTimeout(resolve, limitMs, { kind: "too-long", limitMs });
  };
  const onAnswer = (answered: Answered) => (answered.kind === "ready" ? begin() : resolve(answered));
  const fail = (error: NodeJS.ErrnoException) => resolve({ kind: "failed", why: error.code ?? error.name });
  worker.on("message", onAnswer).on("error", fail);
  // The limit is for the file, without the start of the thread.
  if (!isFresh) begin();
  worker.ref();
  worker.postMessage(job);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.off("message", onAnswer).off("error", fail);
  }
}
