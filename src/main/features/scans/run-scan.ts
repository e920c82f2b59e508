import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { Target, TlsTarget } from "#shared/model/target.ts";
import type { EndpointVisit, HostVisit } from "#store/visit.ts";
import { AT_ONCE_THROUGH_A_JUMP_HOST } from "./approach.ts";
import { inParallel } from "./in-parallel.ts";
import type { HostsOfWay, Login } from "./plan-hosts.ts";

/** What is visited, and how it is told. */
export type ScanTask = { scanId: ScanId; targets: readonly Target[]; atOnce: AtOnce };

/** Visits at a time: logins to hosts, and endpoints. `isFixed`: it is never passed, not even by hosts that hang. */
export type AtOnce = { hosts: number; endpoints: number; isFixed: boolean };

export type Visits = {
  /** The hosts, by the jump hosts that they lie behind. */
  ways: readonly HostsOfWay[];
  /** Keeps jump hosts open until it is disposed; null where there are none. */
  keepOpen: (jumps: HostsOfWay["jumps"]) => Promise<AsyncDisposable | null>;
  /** Both reject only when the scan is told to stop. */
  visitHost: (login: Login) => Promise<HostVisit>;
  visitEndpoint: (target: TlsTarget) => Promise<EndpointVisit>;
};

type Keeping = {
  /** Takes what a visit brought home; writing it is not waited for. */
  keep: (visit: HostVisit | EndpointVisit) => void;
  /** Told of a fault of this program in one visit; the others go on. */
  log: (error: unknown) => void;
  now: () => Date;
};

/** Logins at a time: enough to hide slow hosts, few enough for a small router. */
const HOSTS_AT_ONCE = 32;

/** Endpoints under way at a time. Dead addresses wait here together; the prober limits the handshakes. */
const ENDPOINTS_AT_ONCE = 4_096;

/** A host that waits, for its turn or to be tried again, keeps no other from being visited. */
const WAITING_FOR_EACH_VISITED = 4;

/** So many at a time of each kind as the user wants, or as is usual; never more than there are descriptors for. */
export function chooseAtOnce(concurrency: number | null, freeDescriptors: number): AtOnce {
  // A login may need another descriptor for the agent, and an endpoint has up to eight addresses.
  const room = (share: number) => Math.max(1, Math.floor(freeDescriptors * share));
  return {
    hosts: Math.min(concurrency ?? HOSTS_AT_ONCE, room(1 / 4)),
    endpoints: Math.min(concurrency ?? ENDPOINTS_AT_ONCE, room(1 / 2)),
    isFixed: concurrency !== null || room(1 / 4) < HOSTS_AT_ONCE,
  };
}

/**
 * Visits every target: endpoints, and hosts by each way to them, side by side. A host that is named several times
 * (with several logins) is visited one login after the other. Rejects when the signal says stop, once all that was
 * begun has ended.
 */
export async function runScan(
  { scanId, targets, atOnce }: ScanTask,
  { ways, keepOpen, visitHost, visitEndpoint }: Visits,
  { keep, log, now }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const broken = () => ({ scanId, at: toInstant(now()), tookMs: 0, ...BROKEN });
  const endpoints = targets.filter((target) => target.kind === "tls");
  const all = [inParallel(endpoints, atOnce.endpoints, visitOneEndpoint), ...ways.map(visitWay)];
  await Promise.allSettled(all);
  await Promise.all(all);

  async function visitOneEndpoint(target: TlsTarget): Promise<void> {
    keep(await guarded(visitEndpoint(target), () => ({ ...broken(), target, presented: null })));
  }

  async function visitWay({ jumps, hosts }: HostsOfWay): Promise<void> {
    await using _open = await keepOpen(jumps);
    const most = jumps.length > 0 ? AT_ONCE_THROUGH_A_JUMP_HOST : atOnce.hosts;
    await inParallel(hosts, most * WAITING_FOR_EACH_VISITED, async (logins) => {
      for (const login of logins) {
        const { target } = login;
        keep(await guarded(visitHost(login), () => ({ ...broken(), target, ...NOTHING_MET })));
      }
    });
  }

  async function guarded<Visit>(visit: Promise<Visit>, instead: () => Visit): Promise<Visit> {
    try {
      return await visit;
    } catch (error) {
      signal.throwIfAborted();
      log(error);
      return instead();
    }
  }
}

/** What is told of a visit in which this program itself was at fault. */
export const BROKEN = {
  state: "failed",
  outcome: "truncated",
  message: "this program failed while it read what came back; the log has the details",
} as const;

const NOTHING_MET = { hostKey: null, isKeyRefused: false, jumpHost: null, collected: null, findings: [] };
