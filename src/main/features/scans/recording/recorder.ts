import { assertNever } from "#shared/model/assert-never.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { createBatches } from "./batches.ts";
import { type BroughtHome, scanOf, sizeOf } from "./brought-home.ts";
import type { AskedFor, Sent, Told } from "./messages.ts";
import { answerRequests, type ImportBundle } from "./requests.ts";
import { createProbeWriter, type ReadProbe } from "./visit-writer.ts";

type Deps = {
  store: RecordingStore;
  read: ReadProbe;
  importBundle: ImportBundle;
  tell: (told: Told) => void;
};

const readWallMs = () => performance.now();

/** The time of one thread is asked of the system, which costs as much as some writing does: so often it is enough. */
const ASK_EVERY_MS = 2;

/** Node before 22.19 and 23.9 cannot tell the time of one thread. */
const readWorkMs = "threadCpuUsage" in process ? createThreadClock() : readWallMs;

/**
 * Visits written together, how long the first of them waits for others, and how long a commit may take. That is time of this
 * thread: by the clock on the wall a busy machine would get commits of a few visits, and so be busier still. But whoever waits
 * for the database does not wait long for a slow disk, which costs a thread no time.
 */
const BATCH = {
  most: 500,
  waitMs: 200,
  turns: [
    { ms: 80, clock: readWorkMs },
    { ms: 500, clock: readWallMs },
  ],
};

/**
 * Reads, judges and writes what visits bring home, a commit at a time, in the order in which it came; and what is asked
 * for beside it. Answers with what it is to be told.
 */
export function createRecorder({ store, read, importBundle, tell }: Deps): (sent: Sent) => void {
  const writeProbes = createProbeWriter({ store, read, tell });
  /** Whoever asked waits: these come first, and wait for no others. */
  const first = createBatches<AskedFor>({ ...BATCH, most: 1, write: answerAll });
  const inOrder = createBatches<BroughtHome | AskedFor>({ ...BATCH, write: writeNext });

  const all = [first, inOrder];

  return function hear(sent: Sent): void {
    switch (sent.kind) {
      case "visits":
        sent.visits.forEach(inOrder.add);
        break;
      case "request":
        take(sent);
        break;
      case "lend":
        for (const batches of all) batches.hold();
        tell({ kind: "lent" });
        break;
      case "give-back":
        for (const batches of all) batches.letGo();
        break;
      case "close":
        store.close();
        break;
      default:
        assertNever(sent);
    }
  };

  function take(asked: AskedFor): void {
    const { kind } = asked.request;
    if (kind === "begin" || kind === "accept") {
      first.add(asked);
    } else {
      inOrder.add(asked);
      inOrder.hurry();
    }
  }

  function answerAll(asked: readonly AskedFor[]): number {
    answerRequests({ store, importBundle }, asked, tell);
    return asked.length;
  }

  /** The visits up to the next request, or that. */
  function writeNext(waiting: readonly (BroughtHome | AskedFor)[], isOver: () => boolean): number {
    const [next] = waiting;
    if (next?.kind === "request") return answerAll([next]);
    const homes = takeWhileHome(waiting);
    const written = homes.slice(0, writeProbes(homes, isOver));
    const bytes = written.reduce((sum, home) => sum + sizeOf(home), 0);
    tell({ kind: "written", visits: written.length, bytes, scanIds: [...new Set(written.map(scanOf))] });
    return written.length;
  }
}

function takeWhileHome(waiting: readonly (BroughtHome | AskedFor)[]): BroughtHome[] {
  const homes: BroughtHome[] = [];
  for (const one of waiting) {
    if (one.kind === "request") break;
    homes.push(one);
  }
  return homes;
}

function createThreadClock(): () => number {
  let [workMs, askedAt] = [0, Number.NEGATIVE_INFINITY];
  return () => {
    const now = readWallMs();
    if (now - askedAt < ASK_EVERY_MS) return workMs;
    const { user, system } = process.threadCpuUsage();
    workMs = (user + system) / 1_000;
    askedAt = now;
    return workMs;
  };
}
