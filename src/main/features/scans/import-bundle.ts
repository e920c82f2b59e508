import type { RecordingStore } from "#store/recording-store.ts";
import type { HostVisit } from "#store/visit.ts";
import { describeCarried } from "./describe-carried.ts";
import { type BundlePlan, planBundle } from "./plan-bundle.ts";
import type { StreamHome } from "./recording/brought-home.ts";
import { createServedJudge, type ServedJudge } from "./recording/judge-served-by.ts";
import { createPublicNoter } from "./recording/note-public.ts";
import type { ImportBundle } from "./recording/requests.ts";
import type { ReadVisit } from "./recording/visit-writer.ts";

/**
 * Takes bundles in: a bundle is read, judged and written as what a visit brings home, in a scan of its own that is dated
 * when it was collected. Called within a transaction: either all of this happens or nothing.
 */
export function createBundleImporter(store: RecordingStore, read: ReadVisit): ImportBundle {
  const notePublic = createPublicNoter(store.chains);
  const judgeServed = createServedJudge(store);
  return (carried, importedAt) => {
    const plan = planBundle(store, carried, importedAt);
    const { bundle, user, known, ...told } = plan;
    if (known) {
      const { scanId } = known;
      return { ...told, scanId, importedAt: known.importedAt, wasKnown: true, state: "ok", message: "" };
    }
    const { scanId, visit } = write(store, { read, judgeServed }, plan);
    notePublic(visit);
    const { host, port, signature, collectedAt } = told;
    store.bundles.add({ scanId, digest: bundle.digest, host, port, importedAt, signature });
    const detail = { scanId, host, port, digest: bundle.digest, collectedAt, signature };
    store.events.append({ at: importedAt, kind: "bundle-imported", detail });
    return { ...told, scanId, importedAt, wasKnown: false, state: visit.state, message: visit.message };
  };
}

/** The host is not remembered as a target: nobody has said that it can be reached from here. */
function write(
  store: RecordingStore,
  { read, judgeServed }: { read: ReadVisit; judgeServed: ServedJudge },
  plan: BundlePlan,
) {
  const { host, port, user, collectedAt: at } = plan;
  const target = { kind: "ssh" as const, host, port, user };
  const scanId = store.scans.beginCarried(at);
  const visit = readCarried(read, plan, { scanId, at, target, tookMs: 0, isCarried: true });
  store.hosts.visit(visit);
  store.carried.put({ host, port }, { at, look: describeCarried(plan.bundle.collection) });
  judgeServed.after(visit);
  store.scans.finish(scanId, "finished", at);
  return { scanId, visit };
}

/**
 * It was not met: nothing is said of the key that it presents, and how far its clock is off is not known, but that it is
 * at least so far ahead as the bundle is of this computer's. By that, an older bundle of it is known to be older.
 */
function readCarried(
  read: ReadVisit,
  { bundle: { stream, collection } }: BundlePlan,
  visited: StreamHome["visited"],
): HostVisit {
  const reading = {
    state: "ok",
    outcome: "collected",
    message: "",
    ending: "",
    stream,
    hostKey: null,
  } as const;
  const visit = read({ kind: "stream", visited, nonce: collection.nonce, reading, lost: null });
  if (!("collected" in visit) || !visit.collected) throw new Error("a whole bundle was not read");
  const ahead = visit.collected.clockAheadSeconds ?? 0;
  return { ...visit, collected: { ...visit.collected, clockAheadSeconds: ahead > 0 ? ahead : null } };
}
