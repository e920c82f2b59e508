import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget, Target, TlsTarget } from "#shared/model/target.ts";
import type { EndpointVisit, HostVisit } from "#store/visit.ts";
import { inParallel } from "./in-parallel.ts";

/** What is visited, and how it is told. */
export type ScanTask = {
  scanId: ScanId;
  targets: readonly Target[];
  /** Visits at a time; null for the usual: see HOSTS_AT_ONCE and ENDPOINTS_AT_ONCE. */
  concurrency: number | null;
};

export type Visits = {
  visitHost: (target: SshTarget, signal: AbortSignal) => Promise<HostVisit>;
  visitEndpoint: (target: TlsTarget, signal: AbortSignal) => Promise<EndpointVisit>;
};

type Keeping = {
  /** Takes what a visit brought home; writing it is not waited for. */
  keep: (visit: HostVisit | EndpointVisit) => void;
  /** Told of a fault of this program in one visit; the others go on. */
  log: (error: unknown) => void;
  now: () => Date;
};

/** Logins at a time: enough to hide slow hosts, few enough for a jump host or a small router. */
const HOSTS_AT_ONCE = 32;

/** Endpoints under way at a time. Dead addresses wait here together; the prober limits the handshakes. */
const ENDPOINTS_AT_ONCE = 4_096;

/**
 * Visits every target, hosts and endpoints side by side. A host that is named
 * several times (with several logins) is visited one login after the other, so
 * that it never sees two connections of ours at once. Rejects when the signal says stop.
 */
export async function runScan(
  { scanId, targets, concurrency }: ScanTask,
  { visitHost, visitEndpoint }: Visits,
  { keep, log, now }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  const broken = () => ({ scanId, at: toInstant(now()), tookMs: 0, ...BROKEN });
  const endpoints = targets.filter((target) => target.kind === "tls");
  const hosts = groupByHost(targets.filter((target) => target.kind === "ssh"));
  await Promise.all([
    inParallel(endpoints, concurrency ?? ENDPOINTS_AT_ONCE, async (target) => {
      keep(await guarded(visitEndpoint(target, signal), () => ({ ...broken(), target, presented: null })));
    }),
    inParallel(hosts, concurrency ?? HOSTS_AT_ONCE, async (logins) => {
      for (const target of logins) {
        keep(
          await guarded(visitHost(target, signal), () => ({
            ...{ ...broken(), target, hostKey: null, isKeyRefused: false, collected: null, findings: [] },
          })),
        );
      }
    }),
  ]);

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

function groupByHost(targets: readonly SshTarget[]): SshTarget[][] {
  const groups = Map.groupBy(targets, ({ host, port }) => `${host}:${port}`);
  return [...groups.values()];
}
