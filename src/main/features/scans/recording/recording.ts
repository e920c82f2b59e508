import type { Announcement } from "#shared/contract/events.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import {
  type AcceptedKey,
  type Answer,
  type Answers,
  type EndedState,
  type OfflineBundle,
  type OnRecorderMessage,
  type ProbeResult,
  type RecorderCommand,
  type RecorderLink,
  type RecorderMessage,
  type Request,
  reviveError,
  sizeOf,
  toTransferable,
} from "./messages.ts";

type Deps = {
  startRecorder: (onMessage: OnRecorderMessage) => RecorderLink;
  announce: (announcement: Announcement) => void;
  log: (error: unknown) => void;
};

/** What has come from hosts and waits to be read, in bytes: four of the largest streams. */
const MOST_WAITING = 64 * 1024 * 1024;

/** Visits that wait to be written: endpoints may answer sooner than what they sent is judged. */
const MOST_PROBES_WAITING = 400;

/** Visits go over together that come within so many milliseconds: a message costs more than a small visit. */
const GATHER_MS = 50;

export type Recording = ReturnType<typeof createRecording>;

/**
 * Everything that scans write: handed over to the recorder, which runs in a thread of its own from the first scan on.
 * Whoever else writes to the database meanwhile takes a turn.
 */
export function createRecording({ startRecorder, announce, log }: Deps) {
  const byteBudget = createByteBudget(MOST_WAITING);
  const probeBudget = createByteBudget(MOST_PROBES_WAITING);
  const failures = new Map<ScanId, (error: unknown) => void>();
  const onMessage = createListener({ byteBudget, probeBudget, failures, announce, log });
  const channel = createChannel({ start: startRecorder, onMessage });
  const batch = createBatch(channel);

  /** What was kept before is handed over before. */
  const request: typeof channel.request = (message) => {
    batch.empty();
    return channel.request(message);
  };

  return {
    acquireWriter: channel.acquireWriter,
    waitForBytes: byteBudget.make,
    /** Resolves when one more visit may be kept. */
    waitForSlot: () => probeBudget.make(1),

    /** What is asked for is remembered, and the scan is on record as running. */
    begin: (scan: { requested: readonly RequestedTarget[]; at: Instant }) =>
      request({ kind: "begin", ...scan }),

    /** Takes what a probe came to; its writing is not waited for. */
    keep(result: ProbeResult): void {
      byteBudget.fill(sizeOf(result));
      probeBudget.fill(1);
      batch.add(result);
    },

    /** Resolves when the host's key is trusted, and that is on the disk. */
    accept: (key: AcceptedKey, at: Instant) => request({ kind: "accept", key, at }),

    /** Resolves when it is kept which private keys are on this computer, and everybody's standing is settled anew. */
    hold: (held: HeldHere, at: Instant) => request({ kind: "hold", held, at }),

    /** Resolves when the bundle is in the database, wholly; rejects when nothing of it is. */
    importBundle: (bundle: OfflineBundle, at: Instant) => request({ kind: "import", bundle, at }),

    /** Resolves when everything that was kept before is written, or cannot be. */
    settle: () => request({ kind: "settle" }),

    /** Told once, when nothing more of the scan can be written; until it is finished. */
    onFailure: (scanId: ScanId, report: (error: unknown) => void): unknown => failures.set(scanId, report),

    finish: (scan: { scanId: ScanId; state: EndedState; at: Instant }) =>
      request({ kind: "finish", ...scan }).finally(() => failures.delete(scan.scanId)),

    /** To be called when every scan has ended. */
    close: channel.close,
  };
}

type Listening = Pick<Deps, "announce" | "log"> & {
  byteBudget: ReturnType<typeof createByteBudget>;
  probeBudget: ReturnType<typeof createByteBudget>;
  failures: ReadonlyMap<ScanId, (error: unknown) => void>;
};

const createListener =
  ({ byteBudget, probeBudget, failures, announce, log }: Listening) =>
  (news: News): void => {
    switch (news.kind) {
      case "written":
        byteBudget.empty(news.bytes);
        probeBudget.empty(news.probes);
        for (const scanId of news.scanIds) announce({ kind: "scan-progressed", scanId });
        break;
      case "failed":
        failures.get(news.scanId)?.(reviveError(news.error));
        break;
      case "fault":
        log(reviveError(news.error));
        break;
      case "dead":
        byteBudget.clear();
        probeBudget.clear();
        for (const report of failures.values()) report(reviveError(news.error));
        break;
      default:
        assertNever(news);
    }
  };

/** Gathers what comes within a moment; a stream waits for nothing. */
function createBatch({ send }: Pick<ReturnType<typeof createChannel>, "send">) {
  let gathered: ProbeResult[] = [];
  let timer: NodeJS.Timeout | null = null;

  function empty(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (gathered.length === 0) return;
    const packed = gathered.map(toTransferable);
    gathered = [];
    const probes = packed.map(({ result }) => result);
    const transfer = packed.flatMap((one) => one.transfer);
    send({ kind: "probes", probes }, transfer);
  }

  return {
    empty,
    add(result: ProbeResult): void {
      gathered.push(result);
      if (result.kind === "stream") empty();
      else timer ??= setTimeout(empty, GATHER_MS);
    },
  };
}

/** What is told without being asked for. */
type News = Exclude<RecorderMessage, { kind: "answer" | "refusal" | "acquired" }>;

type ChannelDeps = { start: (onMessage: OnRecorderMessage) => RecorderLink; onMessage: (news: News) => void };

/** The channel to the recorder, which is started when it is needed; again, where it has died. */
function createChannel({ start, onMessage }: ChannelDeps) {
  const requested = new Map<number, PromiseWithResolvers<Answer>>();
  const borrowers: (() => void)[] = [];
  let link: RecorderLink | null = null;
  let lastId = 0;

  return {
    send,

    request<Kind extends Request["kind"]>(request: Request & { kind: Kind }): Promise<Answers[Kind]> {
      const answer = Promise.withResolvers<Answer>();
      requested.set(++lastId, answer);
      send({ kind: "request", id: lastId, request });
      // The recorder answers each request with what its kind is answered with.
      return answer.promise as Promise<Answers[Kind]>;
    },

    /** Resolves when it writes nothing; it does not until what this gives is called. */
    async acquireWriter(): Promise<() => void> {
      if (!link) return () => undefined;
      const { send: report } = link;
      const { promise, resolve } = Promise.withResolvers<void>();
      borrowers.push(resolve);
      report({ kind: "acquire" });
      await promise;
      return () => report({ kind: "release" });
    },

    close: async (): Promise<void> => link?.close(),
  };

  function send(sent: RecorderCommand, transfer?: ArrayBuffer[]): void {
    link ??= start(take);
    link.send(sent, transfer);
  }

  function take(message: RecorderMessage): void {
    if (message.kind === "acquired") borrowers.shift()?.();
    else if (message.kind === "answer") settle(message.id)?.resolve(message.answer);
    else if (message.kind === "refusal") settle(message.id)?.reject(reviveError(message.error));
    else if (message.kind !== "dead") onMessage(message);
    else if (link) {
      bury(reviveError(message.error));
      onMessage(message);
    }
  }

  function settle(id: number) {
    const answer = requested.get(id);
    requested.delete(id);
    return answer;
  }

  /** Nobody waits for one that is no more. */
  function bury(error: Error): void {
    link = null;
    for (const id of [...requested.keys()]) settle(id)?.reject(error);
    for (const go of borrowers.splice(0)) go();
  }
}

/** Room for so many bytes. One thing more than that may come when there is room at all: none is too large for ever. */
export function createByteBudget(most: number) {
  let filled = 0;
  let waiting: { bytes: number; proceed: () => void }[] = [];

  return {
    /** Resolves when there is room for so many; whoever came first is let in first. */
    make(bytes: number): Promise<void> {
      if (waiting.length === 0 && fits(bytes)) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ bytes, proceed: resolve });
      return promise;
    },

    fill(bytes: number): void {
      filled += bytes;
    },

    empty(bytes: number): void {
      filled -= bytes;
      letIn();
    },

    clear(): void {
      filled = 0;
      letIn();
    },
  };

  function fits(bytes: number): boolean {
    return filled === 0 || filled + bytes <= most;
  }

  function letIn(): void {
    let promised = 0;
    while (waiting[0] && fits(promised + waiting[0].bytes)) {
      promised += waiting[0].bytes;
      waiting[0].proceed();
      waiting = waiting.slice(1);
      if (promised > most) return;
    }
  }
}
