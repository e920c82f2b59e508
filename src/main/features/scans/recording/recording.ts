import type { Announcement } from "#shared/contract/events.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import { type BroughtHome, sizeOf } from "./brought-home.ts";
import { reviveError } from "./carried-error.ts";
import { createLine, type News } from "./line.ts";
import type { AcceptedKey, CarriedBundle, EndedState, Hear, RecorderLink } from "./messages.ts";
import { packHome } from "./pack-home.ts";
import { createRoom } from "./room.ts";

type Deps = {
  startRecorder: (hear: Hear) => RecorderLink;
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
  const room = createRoom(MOST_WAITING);
  const queue = createRoom(MOST_PROBES_WAITING);
  const failures = new Map<ScanId, (error: unknown) => void>();
  const hear = createListener({ room, queue, failures, announce, log });
  const line = createLine({ start: startRecorder, hear });
  const basket = createBasket(line);

  /** What was kept before is handed over before. */
  const request: typeof line.request = (wish) => {
    basket.empty();
    return line.request(wish);
  };

  return {
    takeTurn: line.takeTurn,
    makeRoom: room.make,
    /** Resolves when one more visit may be kept. */
    awaitTurn: () => queue.make(1),

    /** What is asked for is remembered, and the scan is on record as running. */
    begin: (scan: { asked: readonly RequestedTarget[]; at: Instant }) => request({ kind: "begin", ...scan }),

    /** Takes what a visit brought home; its writing is not waited for. */
    keep(home: BroughtHome): void {
      room.fill(sizeOf(home));
      queue.fill(1);
      basket.add(home);
    },

    /** Resolves when the host's key is trusted, and that is on the disk. */
    accept: (key: AcceptedKey, at: Instant) => request({ kind: "accept", key, at }),

    /** Resolves when it is kept which private keys are on this computer, and everybody's standing is settled anew. */
    hold: (held: HeldHere, at: Instant) => request({ kind: "hold", held, at }),

    /** Resolves when the bundle is in the database, wholly; rejects when nothing of it is. */
    importBundle: (bundle: CarriedBundle, at: Instant) => request({ kind: "import", bundle, at }),

    /** Resolves when everything that was kept before is written, or cannot be. */
    settle: () => request({ kind: "settle" }),

    /** Told once, when nothing more of the scan can be written; until it is finished. */
    onFailure: (scanId: ScanId, tell: (error: unknown) => void): unknown => failures.set(scanId, tell),

    finish: (scan: { scanId: ScanId; state: EndedState; at: Instant }) =>
      request({ kind: "finish", ...scan }).finally(() => failures.delete(scan.scanId)),

    /** To be called when every scan has ended. */
    close: line.close,
  };
}

type Listening = Pick<Deps, "announce" | "log"> & {
  room: ReturnType<typeof createRoom>;
  queue: ReturnType<typeof createRoom>;
  failures: ReadonlyMap<ScanId, (error: unknown) => void>;
};

const createListener =
  ({ room, queue, failures, announce, log }: Listening) =>
  (news: News): void => {
    switch (news.kind) {
      case "written":
        room.empty(news.bytes);
        queue.empty(news.visits);
        for (const scanId of news.scanIds) announce({ kind: "scan-progressed", scanId });
        break;
      case "failed":
        failures.get(news.scanId)?.(reviveError(news.error));
        break;
      case "fault":
        log(reviveError(news.error));
        break;
      case "dead":
        room.clear();
        queue.clear();
        for (const tell of failures.values()) tell(reviveError(news.error));
        break;
      default:
        assertNever(news);
    }
  };

/** Gathers what comes within a moment; a stream waits for nothing. */
function createBasket({ send }: Pick<ReturnType<typeof createLine>, "send">) {
  let gathered: BroughtHome[] = [];
  let timer: NodeJS.Timeout | null = null;

  function empty(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (gathered.length === 0) return;
    const packed = gathered.map(packHome);
    gathered = [];
    const visits = packed.map(({ home }) => home);
    const handOver = packed.flatMap((one) => one.handOver);
    send({ kind: "visits", visits }, handOver);
  }

  return {
    empty,
    add(home: BroughtHome): void {
      gathered.push(home);
      if (home.kind === "stream") empty();
      else timer ??= setTimeout(empty, GATHER_MS);
    },
  };
}
