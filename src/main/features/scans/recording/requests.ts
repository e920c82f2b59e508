import { settleStandings } from "#domain/people/standing.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ImportedBundle } from "#shared/model/imported-bundle.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { formatTarget } from "#shared/text/target.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import { carryError } from "./carried-error.ts";
import type { Answer, AskedFor, CarriedBundle, Request, Told } from "./messages.ts";

/** Takes a bundle in, or throws a refusal that says why not. Called within a transaction. */
export type ImportBundle = (bundle: CarriedBundle, at: Instant) => ImportedBundle;

/** What requests are carried out with. */
type Means = { store: RecordingStore; importBundle: ImportBundle };

/** Carries out what is asked for, in one commit, and tells what came of each. One that cannot be fails alone. */
export function answerRequests(means: Means, asked: readonly AskedFor[], tell: (told: Told) => void): void {
  try {
    const answers = means.store.atomically(() => asked.map((one) => answerOne(means, one)));
    answers.forEach(tell);
  } catch (error) {
    for (const { id } of asked) tell({ kind: "refusal", id, error: carryError(error) });
  }
}

function answerOne(means: Means, { id, request }: AskedFor): Told {
  try {
    return { kind: "answer", id, answer: means.store.atomically(() => carryOut(means, request)) };
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "conflict")) throw error;
    return { kind: "refusal", id, error: carryError(error) };
  }
}

function carryOut({ store, importBundle }: Means, request: Request): Answer {
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

type Wish<Kind extends Request["kind"]> = Extract<Request, { kind: Kind }>;

/** What is asked for is remembered, and on the record. */
function begin({ targets, scans, events }: RecordingStore, { asked, at }: Wish<"begin">): ScanId {
  for (const one of asked) targets.remember({ ...one, at });
  const scanId = scans.begin({ asked, at });
  const first = asked.slice(0, 20).map(({ target }) => formatTarget(target));
  events.append({ at, kind: "scan-started", detail: { scanId, total: asked.length, first } });
  return scanId;
}

function accept({ pins, events }: RecordingStore, { key, at }: Wish<"accept">): void {
  const { host, port, keyType, fingerprint } = key;
  pins.put({ ...key, source: "accepted", pinnedAt: at });
  const detail = { host, port, keyType, fingerprint, by: "accept-new" };
  events.append({ at, kind: "host-key-trusted", detail });
}

/** With the keys of this computer it is settled who is still there, for a day may have been somebody's last. */
function hold({ people }: RecordingStore, { held: { found, lookedAt }, at }: Wish<"hold">): void {
  people.holdHere(found, ({ kind }) => lookedAt.includes(kind), at);
  people.settle(settleStandings(people.entries(), at.slice(0, 10)), at);
}

function finish({ scans, events }: RecordingStore, { scanId, state, at }: Wish<"finish">): void {
  scans.finish(scanId, state, at);
  events.append({ at, kind: "scan-finished", detail: { scanId, state } });
}
