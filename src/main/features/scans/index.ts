import { implement } from "@orpc/server";
import { parseTargets } from "#domain/targets/parse-targets.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { scans } from "#shared/contract/scans.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget, Target } from "#shared/model/target.ts";
import { sayTarget } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";
import { CANCELLED, carryOut } from "./carry-out.ts";
import type { PreparedVisits, VisitOptions } from "./visits.ts";

type ScanOptions = {
  useSudo: boolean | null;
  acceptNew: boolean;
  identityFiles: readonly string[];
  concurrency: number | null;
};

type Deps = {
  store: Store;
  prepareVisits: (options: VisitOptions) => Promise<PreparedVisits>;
  announce: (announcement: Announcement) => void;
  /** Takes on work that outlives the call; the signal says that Latchkey is closing. */
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

export function createScans(deps: Deps) {
  const { store, prepareVisits, inBackground, now } = deps;
  const os = implement(scans);
  const running = new Map<ScanId, AbortController>();

  return {
    start: os.start.handler(({ input: { text, only, ...options } }) => start(text, only, options)),
    cancel: os.cancel.handler(({ input }) => cancel(input.scanId)),
    find: os.find.handler(({ input }) => find(input.scanId)),
    list: os.list.handler(({ input }) => store.scans.list(input)),
    probes: os.probes.handler(({ input }) => {
      find(input.scanId);
      return store.scans.probes(input);
    }),
  };

  async function start(
    text: string,
    only: "ssh" | "tls" | null,
    { useSudo, acceptNew, identityFiles, concurrency }: ScanOptions,
  ): Promise<{ scanId: ScanId }> {
    const wanted = text.trim() ? parseTargets(text, only) : recall(store, only);
    if (wanted.length === 0) throw new Refusal("invalid-input", NOTHING_TO_SCAN);
    const asked = rootLast(
      wanted.map((target) => ({ target, useSudo: useSudo ?? store.targets.usesSudo(target) })),
    );
    const targets = asked.map(({ target }) => target);
    const prepared = await prepareVisits({ acceptNew, identityFiles, usesSudo: findSudo(asked) });
    const at = toInstant(now());
    const scanId = store.atomically(() => {
      for (const one of asked) store.targets.remember({ ...one, at });
      const id = store.scans.begin({ total: targets.length, at });
      const detail = { scanId: id, total: targets.length, first: targets.slice(0, 20).map(sayTarget) };
      store.events.append({ at, kind: "scan-started", detail });
      return id;
    });
    const controller = new AbortController();
    running.set(scanId, controller);
    const task = { scanId, targets, concurrency };
    inBackground((closing) =>
      carryOut(deps, task, prepared(scanId), { controller, closing }).finally(() => running.delete(scanId)),
    );
    return { scanId };
  }

  function cancel(scanId: ScanId): { wasRunning: boolean } {
    find(scanId);
    const controller = running.get(scanId);
    controller?.abort(CANCELLED);
    return { wasRunning: controller !== undefined };
  }

  function find(scanId: ScanId) {
    const scan = store.scans.find(scanId);
    if (!scan) throw new Refusal("not-found", `there is no scan ${scanId}`);
    return scan;
  }
}

const NOTHING_TO_SCAN = "there is nothing to scan; name a target, such as web1.example or 10.0.0.0/24";

/** What was scanned before, each with the login that it was scanned with. */
const recall = (store: Store, only: "ssh" | "tls" | null): Target[] =>
  store.targets
    .list()
    .map(({ target }) => target)
    .filter(({ kind }) => only === null || kind === only);

type Asked = { target: Target; useSudo: boolean };

function findSudo(asked: readonly Asked[]): (target: SshTarget) => boolean {
  const bySudo = new Set(asked.filter(({ useSudo }) => useSudo).map(({ target }) => sayTarget(target)));
  return (target) => bySudo.has(sayTarget(target));
}

/** Of several logins to one host the one that sees most comes last: what it says of the host stands, and is remembered. */
const rootLast = (asked: readonly Asked[]): Asked[] =>
  asked.toSorted((one, other) => Number(readsAsRoot(one)) - Number(readsAsRoot(other)));

const readsAsRoot = ({ target, useSudo }: Asked): boolean =>
  target.kind === "ssh" && (useSudo || target.user === "root");
