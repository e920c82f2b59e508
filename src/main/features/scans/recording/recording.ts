import type { Announcement } from "#shared/contract/events.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ScanId, ScanOrigin } from "#shared/model/hosts/scan.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import {
  type AcceptedBy,
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

/** The budget for what has come from hosts and waits to be read, in bytes: four of the largest streams. */
const MOST_WAITING = 64 * 1024 * 1024;

/** So many probes may wait to be written: endpoints may answer sooner than their data is evaluated. */
const MOST_PROBES_WAITING = 400;

/** Probes that come within so many milliseconds are sent together: a message costs more than a small probe. */
const GATHER_MS = 50;

export type Recording = ReturnType<typeof createRecording>;

/**
 * Everything that scans write. It is sent to the recorder, which runs in a thread of its own from the first scan on.
 * Another writer of this process acquires the database from it.
 */
export function createRecording({ startRecorder, announce, log }: Deps) {
  const byteBudget = createByteBudget(MOST_WAITING);
  const probeBudget = createByteBudget(MOST_PROBES_WAITING);
  const failures = new Map<ScanId, (error: unknown) => void>();
  const onMessage = createListener({ byteBudget, probeBudget, failures, announce, log });
  const channel = createChannel({ start: startRecorder, onMessage });
  const batch = createBatch(channel);

  /** A request is sent after the results that were kept before it. */
  const request: typeof channel.request = (message) => {
    batch.empty();
    return channel.request(message);
  };

  return {
    acquireWriter: channel.acquireWriter,
    waitForBytes: byteBudget.make,
    /** Resolves when one more probe may be kept. */
    waitForSlot: () => probeBudget.make(1),

    /** Remembers the targets, and records the scan as running. */
    begin: (scan: { requested: readonly RequestedTarget[]; at: Instant; origin?: ScanOrigin }) =>
      request({ kind: "begin", ...scan }),

    /** Keeps the result of a probe; the call does not wait for it to be written. */
    keep(result: ProbeResult): void {
      byteBudget.fill(sizeOf(result));
      probeBudget.fill(1);
      batch.add(result);
    },

    /** Resolves when the host's key is trusted, and that is on the disk; refused where another key is pinned for it. */
    accept: (key: AcceptedKey, at: Instant, by: AcceptedBy = "accept-new") =>
      request({ kind: "accept", key, at, by }),

    /** Resolves when the private keys of this computer are stored, and everybody's standing is settled again. */
    hold: (held: HeldHere, at: Instant) => request({ kind: "hold", held, at }),

    /** Resolves when the whole bundle is in the database; rejects when nothing of it is. */
    importBundle: (bundle: OfflineBundle, at: Instant) => request({ kind: "import", bundle, at }),

    /** Resolves when everything that was kept before is written, or cannot be. */
    settle: () => request({ kind: "settle" }),

    /** Calls `report` once, when nothing more of the scan can be written; until the scan is finished. */
    onFailure: (scanId: ScanId, report: (error: unknown) => void): unknown => failures.set(scanId, report),

    finish: (scan: { scanId: ScanId; state: EndedState; at: Instant }) =>
      request({ kind: "finish", ...scan }).finally(() => failures.delete(scan.scanId)),

    /** Call it when every scan has ended. */
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

/** Gathers what comes within a moment; a stream is sent at once. */
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

/** Messages that are no answers. */
type News = Exclude<RecorderMessage, { kind: "answer" | "refusal" | "acquired" }>;

type ChannelDeps = { start: (onMessage: OnRecorderMessage) => RecorderLink; onMessage: (news: News) => void };

/** The channel to the recorder, which is started at the first use, and again where it has died. */
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
      // The recorder answers each request with the answer of its kind.
      return answer.promise as Promise<Answers[Kind]>;
    },

    /**
     * Resolves when the recorder writes nothing. It does not write until the function that this resolves to is called.
     */
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

  /** Rejects the requests to a recorder that has died, and lets other writers go on. */
  function bury(error: Error): void {
    link = null;
    for (const id of [...requested.keys()]) settle(id)?.reject(error);
    for (const go of borrowers.splice(0)) go();
  }
}

/** A budget of so many bytes. When it is empty, more than that may come, so that nothing is too large for ever. */
export function createByteBudget(most: number) {
  let filled = 0;
  let waiting: { bytes: number; proceed: () => void }[] = [];

  return {
    /** Resolves when there is room for so many bytes; the first caller is served first. */
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
