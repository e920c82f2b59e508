import { assertNever } from "#shared/model/assert-never.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { sayTarget } from "#shared/text/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { carryError } from "./carried-error.ts";
import type { AskedFor, Request, Told } from "./messages.ts";

/** Carries out what is asked for, in one commit, and tells what came of each. One that cannot be fails alone. */
export function answerRequests(
  store: RecordingStore,
  asked: readonly AskedFor[],
  tell: (told: Told) => void,
): void {
  try {
    const answers = store.atomically(() => asked.map((one) => answerOne(store, one)));
    answers.forEach(tell);
  } catch (error) {
    for (const { id } of asked) tell({ kind: "refusal", id, error: carryError(error) });
  }
}

function answerOne(store: RecordingStore, { id, request }: AskedFor): Told {
  try {
    return { kind: "answer", id, answer: store.atomically(() => carryOut(store, request)) };
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "conflict")) throw error;
    return { kind: "refusal", id, error: carryError(error) };
  }
}

function carryOut(store: RecordingStore, request: Request): ScanId | null {
  switch (request.kind) {
    case "begin":
      return begin(store, request);
    case "accept":
      accept(store, request);
      return null;
    case "finish":
      finish(store, request);
      return null;
    case "settle":
      return null;
    default:
      return assertNever(request);
  }
}

type Wish<Kind extends Request["kind"]> = Extract<Request, { kind: Kind }>;

/** What is asked for is remembered, and on the record. */
function begin({ targets, scans, events }: RecordingStore, { asked, at }: Wish<"begin">): ScanId {
  for (const one of asked) targets.remember({ ...one, at });
  const scanId = scans.begin({ asked, at });
  const first = asked.slice(0, 20).map(({ target }) => sayTarget(target));
  events.append({ at, kind: "scan-started", detail: { scanId, total: asked.length, first } });
  return scanId;
}

function accept({ pins, events }: RecordingStore, { key, at }: Wish<"accept">): void {
  const { host, port, keyType, fingerprint } = key;
  pins.put({ ...key, source: "accepted", pinnedAt: at });
  const detail = { host, port, keyType, fingerprint, by: "accept-new" };
  events.append({ at, kind: "host-key-trusted", detail });
}

function finish({ scans, events }: RecordingStore, { scanId, state, at }: Wish<"finish">): void {
  scans.finish(scanId, state, at);
  events.append({ at, kind: "scan-finished", detail: { scanId, state } });
}
