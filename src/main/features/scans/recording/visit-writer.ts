import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { EndpointProbe, HostProbe } from "#store/visit.ts";
import { asBroken, type BroughtHome, scanOf } from "./brought-home.ts";
import { carryError } from "./carried-error.ts";
import { createServedEvaluator } from "./judge-served-by.ts";
import type { Told } from "./messages.ts";
import { createPublicNoter } from "./note-public.ts";
import { createRevokedNoter } from "./note-revoked.ts";
import { createViolationRecorder } from "./record-violations.ts";

/** Reads and judges what a visit brought home. */
export type ReadProbe = (home: BroughtHome) => HostProbe | EndpointProbe;

type Deps = { store: RecordingStore; read: ReadProbe; tell: (told: Told) => void };

/**
 * Writes visits, each whole or not at all. A fault of this program in one visit costs no other. A database that takes a
 * commit no more ends the scans that were in it; nothing more of those is written.
 */
export function createProbeWriter({ store, read, tell }: Deps) {
  const failed = new Set<ScanId>();
  const work = createSharedWork();
  const notePublic = createPublicNoter(store.chains, { work });
  const recordViolations = createViolationRecorder(store, { work });
  const noteRevoked = createRevokedNoter(store);
  const judgeServed = createServedEvaluator(store);

  /** The first of these in one commit, until its time is over; or one by one where a fault of this program is met. */
  return function write(homes: readonly BroughtHome[], isOver: () => boolean): number {
    let count = 0;
    const keepSome = () => {
      do {
        const home = homes[count++];
        if (home) keep(home);
      } while (count < homes.length && !isOver());
    };
    try {
      store.atomically(keepSome);
    } catch (error) {
      count = Math.max(count, 1);
      const tried = homes.slice(0, count);
      if (error instanceof Refusal) fail(tried, error);
      else writeAlone(tried);
    }
    return count;
  };

  function writeAlone(homes: readonly BroughtHome[]): void {
    try {
      for (const home of homes) keepOrTell(home);
    } catch (error) {
      fail(homes, error);
    }
  }

  function keepOrTell(home: BroughtHome): void {
    try {
      store.atomically(() => keep(home));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      tell({ kind: "fault", error: carryError(error) });
      store.atomically(() => keep({ kind: "met", visit: asBroken(home) }));
    }
  }

  function keep(home: BroughtHome): void {
    if (failed.has(scanOf(home))) return;
    const visit = read(home);
    if ("presented" in visit) store.endpoints.visit(visit);
    else store.hosts.visit(visit);
    notePublic(visit);
    recordViolations(visit);
    noteRevoked(visit);
    judgeServed.after(visit);
  }

  function fail(homes: readonly BroughtHome[], error: unknown): void {
    for (const scanId of new Set(homes.map(scanOf))) {
      if (failed.has(scanId)) continue;
      failed.add(scanId);
      tell({ kind: "failed", scanId, error: carryError(error) });
    }
  }
}
