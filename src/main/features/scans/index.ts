import { implement } from "@orpc/server";
import { createScanPrompts } from "#connect/prompts.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { readProxy, writeProxy } from "#domain/targets/proxies.ts";
import { countFreeDescriptors } from "#net/connection-limiter.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/scans.ts";
import { ScanInput, type ScanRequest, scans } from "#shared/contract/scans.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { SshfpComparison } from "#shared/model/hosts/host-key.ts";
import type { ScanId, ScanOrigin } from "#shared/model/hosts/scan.ts";
import type { ProxyUrl, Target } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import type { Store } from "#store/store.ts";
import { createOfferedKeys } from "./offered-keys.ts";
import { createProbes, type ProbeDeps } from "./probes.ts";
import type { Recording } from "./recording/recording.ts";
import { CANCELLED, chooseAtOnce, executeScan } from "./run-scan.ts";

type Deps = ProbeDeps & {
  store: Store;
  readTargets: (
    text: TargetText,
  ) => Promise<{ targets: Target[]; broken: BrokenEntry[]; notes: string[]; sshConfig: SshConfig }>;
  recording: Recording;
  announce: (announcement: Announcement) => void;
  /** Starts work that outlives the call; its signal aborts when Latchkey closes. */
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  compareSshfp: CompareSshfp;
  log: (error: unknown) => void;
};

type CompareSshfp = (
  keys: { id: string; name: string; keyType: string; fingerprint: string; blob: Uint8Array }[],
  resolver: string | null,
  signal: AbortSignal | undefined,
) => Promise<{ names: SshfpComparison[] }>;

type Started = { scanId: ScanId; broken: BrokenEntry[]; notes: string[] };

/** Refuses a proxy that no target can use; returns a note where only some can. */
function checkProxy(requested: readonly RequestedTarget[], proxy: ProxyUrl | null): string[] {
  if (!proxy || requested.every(({ target }) => target.kind === "tls")) return [];
  if (requested.some(({ target }) => target.kind === "tls")) return [NOT_FOR_HOSTS];
  throw new Refusal("invalid-input", "there is no endpoint to reach that way; hosts go as ssh_config says");
}

const NOT_FOR_HOSTS =
  "hosts are reached as ssh_config says; the proxy or jump host that was named leads to endpoints alone";

export function createScans(deps: Deps) {
  const { store, readTargets, recording, inBackground, now } = deps;
  const probes = createProbes(deps);
  const os = implement(scans);
  const running = new Map<ScanId, AbortController>();
  const prompts = createScanPrompts(deps);
  const offered = createOfferedKeys(deps);

  const procedures = {
    start: os.start.handler(async ({ input }) => (await start(input, "request")).started),
    prompts: os.prompts.handler(({ input }) => prompts.list(find(input.scanId).id)),
    answer: os.answer.handler(({ input }) => prompts.answer(input)),
    hostKeys: os.hostKeys.handler(({ input }) => offered.list(find(input.scanId).id)),
    acceptHostKeys: os.acceptHostKeys.handler(({ input }) =>
      offered.accept(find(input.scanId).id, input.ids),
    ),
    skipHostKeys: os.skipHostKeys.handler(({ input }) => offered.skip(find(input.scanId).id, input.ids)),
    compareSshfp: os.compareSshfp.handler(({ input: { scanId, ids, resolver }, signal }) =>
      deps.compareSshfp(offered.named(find(scanId).id, ids), resolver, signal),
    ),
    cancel: os.cancel.handler(({ input }) => cancel(input.scanId)),
    find: os.find.handler(({ input }) => find(input.scanId)),
    list: os.list.handler(({ input }) => store.scans.list(input)),
    probes: os.probes.handler(({ input }) => find(input.scanId) && store.scans.probes(input)),
  };
  return { procedures, scan };

  /** Scans for a plan, and resolves once the scan has ended, in whatever state. Rejects where it could not begin. */
  async function scan(request: ScanRequest): Promise<void> {
    const { ended } = await start(ScanInput.parse(request), "plan");
    await ended;
  }

  async function start(
    { proxy: proxyText, ...request }: ScanInput,
    origin: ScanOrigin,
  ): Promise<{ started: Started; ended: Promise<void> }> {
    const proxy = proxyText && writeProxy(readProxy(proxyText));
    const { targets: named, broken, notes: read, sshConfig } = await readTargets(request);
    const requested = chooseTargets(store, { ...request, proxy }, named);
    const notes = [...read, ...checkProxy(requested, proxy)];
    const options = { ...request, requested, sshConfig };
    await probes.refuseUnusable(options);
    const scanId = await recording.begin({ requested, at: toInstant(now()), origin });
    deps.announce({ kind: "scan-started", scanId });
    const controller = new AbortController();
    running.set(scanId, controller);
    const atOnce = chooseAtOnce(request.concurrency, countFreeDescriptors());
    const promptUser = prompts.open(scanId, request.mayPrompt);
    const prepare = (signal: AbortSignal) => {
      const offerHostKey = request.promptsForHostKeys ? offered.open(scanId, signal) : null;
      return probes.prepare(options, { scanId, promptUser, offerHostKey, atOnce, signal });
    };
    const task = { scanId, targets: requested.map(({ target }) => target), atOnce };
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    inBackground((closing) =>
      executeScan(deps, task, prepare, { controller, closing }).finally(() => {
        running.delete(scanId);
        prompts.close(scanId);
        offered.close(scanId);
        end();
      }),
    );
    return { started: { scanId, broken, notes }, ended };
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
const NOTHING_FAILED = "nothing that is remembered failed in its last scan; there is nothing to scan again";
const NOTHING_LEFT =
  "no scan that was cancelled or interrupted has left anything; there is nothing to go on with";
const EITHER = "say what to scan, or what to scan again, not both";

/** The targets of a scan, in the order in which they are probed. `named`: what its text and sources mean. */
function chooseTargets(store: Store, request: ScanInput, named: readonly Target[]): RequestedTarget[] {
  const isNamed = request.text.trim() !== "" || request.sources.length > 0;
  if (isNamed && request.again !== null) throw new Refusal("invalid-input", EITHER);
  const selected = isNamed
    ? named.map((target) => ({ target, ...store.targets.recall(target) }))
    : recall(store, request);
  if (selected.length === 0) throw new Refusal("invalid-input", NOTHING_TO_SCAN);
  return rootLast(
    selected.map(({ target, useSudo, transport = "auto", route: proxy = "" }) => ({
      target,
      useSudo: request.useSudo ?? useSudo,
      transport: request.transport ?? transport,
      route: target.kind === "tls" ? (request.proxy ?? proxy) : "",
    })),
  );
}

/** Targets of earlier scans, each with its login. */
function recall(store: Store, { again, only }: ScanInput): RequestedTarget[] {
  const known = listAgain(store, again);
  if (known.length === 0 && again === "failed") throw new Refusal("not-found", NOTHING_FAILED);
  if (known.length === 0 && again === "unfinished") throw new Refusal("not-found", NOTHING_LEFT);
  return known
    .map(({ target, useSudo, transport = "auto", route: proxy = "" }) => ({
      target,
      useSudo,
      transport,
      route: proxy,
    }))
    .filter(({ target }) => only === null || target.kind === only);
}

function listAgain(store: Store, again: ScanInput["again"]): RequestedTarget[] {
  switch (again) {
    case null:
      return store.targets.list();
    case "failed":
      return store.targets.listFailed();
    case "unfinished":
      return store.scans.listUnfinished();
    default:
      return assertNever(again);
  }
}

/**
 * Of several logins to one host the one that sees most comes last: its reading of the host stays, and its login is
 * remembered.
 */
const rootLast = (requested: readonly RequestedTarget[]): RequestedTarget[] =>
  requested.toSorted((one, other) => Number(readsAsRoot(one)) - Number(readsAsRoot(other)));

const readsAsRoot = ({ target, useSudo }: RequestedTarget): boolean =>
  target.kind === "ssh" && (useSudo || target.user === "root");
