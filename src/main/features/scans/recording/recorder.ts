import { settleStandings } from "#domain/people/standing.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { createBatches, createProbeWriter, type ReadProbe } from "./batches.ts";
import {
  type Answer,
  type OfflineBundle,
  type ProbeResult,
  type RecorderCommand,
  type RecorderMessage,
  type Request,
  type RequestMessage,
  scanOf,
  serializeError,
  sizeOf,
} from "./messages.ts";

type Deps = {
  store: RecordingStore;
  read: ReadProbe;
  importBundle: ImportBundle;
  post: (message: RecorderMessage) => void;
};

const readWallMs = () => performance.now();

/** The CPU time of a thread is a system call, which costs as much as some writing does: so often is enough. */
const READ_CLOCK_EVERY_MS = 2;

/** Node before 22.19 and 23.9 cannot read the CPU time of one thread. */
const readWorkMs = "threadCpuUsage" in process ? createThreadClock() : readWallMs;

/**
 * How many probes are written together, how long the first of them waits for others, and how long a commit may take.
 * That limit is CPU time of this thread: by the wall clock a busy machine would get commits of a few probes, and so be
 * busier still. The second limit is wall time, because a slow disk costs a thread no CPU time and others wait for the
 * database.
 */
const BATCH = {
  most: 500,
  waitMs: 200,
  budgets: [
    { ms: 80, clock: readWorkMs },
    { ms: 500, clock: readWallMs },
  ],
};

/**
 * Reads, evaluates and writes the results of probes, a commit at a time, in the order in which they came, and executes
 * requests between them. `post` gets its messages.
 */
export function createRecorder({ store, read, importBundle, post }: Deps): (sent: RecorderCommand) => void {
  const writeProbes = createProbeWriter({ store, read, post });
  /** Requests that somebody waits for: these come first, and wait for no others. */
  const first = createBatches<RequestMessage>({ ...BATCH, most: 1, write: answerAll });
  const inOrder = createBatches<ProbeResult | RequestMessage>({ ...BATCH, write: writeNext });

  const all = [first, inOrder];

  return function record(sent: RecorderCommand): void {
    switch (sent.kind) {
      case "probes":
        sent.probes.forEach(inOrder.add);
        break;
      case "request":
        take(sent);
        break;
      case "acquire":
        for (const batches of all) batches.hold();
        post({ kind: "acquired" });
        break;
      case "release":
        for (const batches of all) batches.letGo();
        break;
      case "close":
        store.close();
        break;
      default:
        assertNever(sent);
    }
  };

  function take(request: RequestMessage): void {
    const { kind } = request.request;
    if (kind === "begin" || kind === "accept") {
      first.add(request);
    } else {
      inOrder.add(request);
      inOrder.hurry();
    }
  }

  function answerAll(request: readonly RequestMessage[]): number {
    answerRequests({ store, importBundle }, request, post);
    return request.length;
  }

  /** Writes the probes before the next request; or executes the request, where it is the first. */
  function writeNext(waiting: readonly (ProbeResult | RequestMessage)[], isOver: () => boolean): number {
    const [next] = waiting;
    if (next?.kind === "request") return answerAll([next]);
    const results = takeWhileHome(waiting);
    const written = results.slice(0, writeProbes(results, isOver));
    const bytes = written.reduce((sum, result) => sum + sizeOf(result), 0);
    post({ kind: "written", probes: written.length, bytes, scanIds: [...new Set(written.map(scanOf))] });
    return written.length;
  }
}

function takeWhileHome(waiting: readonly (ProbeResult | RequestMessage)[]): ProbeResult[] {
  const results: ProbeResult[] = [];
  for (const one of waiting) {
    if (one.kind === "request") break;
    results.push(one);
  }
  return results;
}

function createThreadClock(): () => number {
  let [workMs, readAt] = [0, Number.NEGATIVE_INFINITY];
  return () => {
    const now = readWallMs();
    if (now - readAt < READ_CLOCK_EVERY_MS) return workMs;
    const { user, system } = process.threadCpuUsage();
    workMs = (user + system) / 1_000;
    readAt = now;
    return workMs;
  };
}

/** Imports a bundle, or throws a refusal that says why not. Call it within a transaction. */
export type ImportBundle = (bundle: OfflineBundle, at: Instant) => ImportedBundle;

/** What the execution of requests needs. */
type RecorderDeps = { store: RecordingStore; importBundle: ImportBundle };

/** Executes requests in one commit, and posts an answer to each. A request that conflicts fails alone. */
function answerRequests(
  means: RecorderDeps,
  request: readonly RequestMessage[],
  post: (message: RecorderMessage) => void,
): void {
  try {
    const answers = means.store.atomically(() => request.map((one) => answerOne(means, one)));
    answers.forEach(post);
  } catch (error) {
    for (const { id } of request) post({ kind: "refusal", id, error: serializeError(error) });
  }
}

function answerOne(means: RecorderDeps, { id, request }: RequestMessage): RecorderMessage {
  try {
    return { kind: "answer", id, answer: means.store.atomically(() => execute(means, request)) };
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "conflict")) throw error;
    return { kind: "refusal", id, error: serializeError(error) };
  }
}

function execute({ store, importBundle }: RecorderDeps, request: Request): Answer {
  switch (request.kind) {
    case "begin":
      return begin(store, request);
    case "accept":
      accept(store, request);
      return null;
    case "hold":
      hold(store, request);
      return null;
    case "import":
      return importBundle(request.bundle, request.at);
    case "finish":
      finish(store, request);
      return null;
    case "settle":
      return null;
    default:
      return assertNever(request);
  }
}

type RequestOf<Kind extends Request["kind"]> = Extract<Request, { kind: Kind }>;

/** Remembers the targets, and records the scan. */
function begin(
  { targets, scans, events }: RecordingStore,
  { requested, at, origin = "request" }: RequestOf<"begin">,
): ScanId {
  for (const one of requested) targets.remember({ ...one, at });
  const scanId = scans.begin({ requested, at, origin });
  const named = requested.slice(0, 20).map(({ target }) => target);
  const detail = { scanId, total: requested.length, first: named.map(formatTarget) };
  events.append({ at, kind: "scan-started", detail, hosts: named.map(({ host }) => host) });
  return scanId;
}

function accept({ pins, events }: RecordingStore, { key, at, by }: RequestOf<"accept">): void {
  const { host, port, keyType, fingerprint } = key;
  pins.put({ ...key, source: "accepted", pinnedAt: at });
  const detail = { host, port, keyType, fingerprint, by };
  events.append({ at, kind: "host-key-trusted", detail });
}

/** The keys of this computer are a reason to settle who is still there, for a day may have been somebody's last. */
function hold({ people }: RecordingStore, { held: { found, wholeKinds }, at }: RequestOf<"hold">): void {
  people.holdHere(found, ({ kind }) => wholeKinds.includes(kind), at);
  people.settle(settleStandings(people.entries(), at.slice(0, 10), people.decisions()), at);
}

function finish({ scans, events }: RecordingStore, { scanId, state, at }: RequestOf<"finish">): void {
  scans.finish(scanId, state, at);
  events.append({ at, kind: "scan-finished", detail: { scanId, state } });
}
