import type { OpenConnections } from "#connect/connect-to-host.ts";
import { createEndpointRoutes, type Kept, routeToJump } from "#connect/endpoint-routes.ts";
import type { JumpHost } from "#connect/jump-hosts.ts";
import { refuseUnusable } from "#connect/login-keys.ts";
import { type PlannedRoute, planLogins } from "#connect/plan-logins.ts";
import type { Hop, SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { readProxy } from "#domain/targets/proxies.ts";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import type { RetryPolicy } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import { findSsh } from "#net/ssh/system/find-ssh.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { isJumpHost } from "#shared/model/endpoint-way.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget, TlsTarget } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import { withoutRemarks } from "#shared/text/without-remarks.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import type { KeyKindsAt } from "#store/serving/serving-list.ts";
import type { Store } from "#store/store.ts";
import type { AtOnce } from "./in-parallel.ts";
import type { Recording } from "./recording/recording.ts";
import type { Visits } from "./run-scan.ts";
import { visitEndpoint } from "./visit-endpoint.ts";
import { visitHost } from "./visit-host.ts";

export type ProbeDeps = {
  recording: Pick<Recording, "makeRoom">;
  openConnections: OpenConnections;
  prober: TlsProber;
  workstation: Workstation;
  /** POSIX sh, sent to every host. */
  collectorScript: string;
  now: () => Date;
  /** How it waits before it tries a host again. */
  retryPolicy: RetryPolicy;
  store: Pick<Store, "served">;
};

export type ProbeOptions = {
  asked: readonly RequestedTarget[];
  sshConfig: SshConfig;
  acceptNew: boolean;
  /** Named by the user. */
  identityFiles: readonly string[];
  mayAsk: boolean;
  askPassword: boolean;
  everyAddress: boolean;
  asksForOffers: boolean;
};

export type Preparation = { scanId: ScanId; ask: Ask; atOnce: AtOnce; signal: AbortSignal };

/** The ways to visit, for scans. */
export function createProbes(deps: ProbeDeps) {
  const { store, recording, openConnections, prober, workstation, now, retryPolicy } = deps;
  const collectorScript = Buffer.from(withoutRemarks(deps.collectorScript));
  const { user } = workstation;
  return { refuseUnusable: (options: ProbeOptions) => refuseUnusable(options, workstation), prepare };

  /** For one scan. Endpoints need no key: only hosts wait until those are read, and somebody has opened the locked ones. */
  function prepare(options: ProbeOptions, { scanId, ask, atOnce, signal }: Preparation): Visits {
    const routeTo = (target: SshTarget) => options.sshConfig.routeTo(target, user);
    const ways = planLogins(options.asked, { routeTo, ssh: findSsh() });
    const all = [...ways, ...findJumps(options, user)];
    let opening: ReturnType<OpenConnections> | null = null;
    const connections = () => {
      opening ??= openConnections(all, { ...options, name: `scan ${scanId}`, ask, atOnce, signal });
      return opening;
    };
    const keepOpen = async (jumps: PlannedRoute["jumps"]) => (await connections()).keepJumpHosts(jumps);
    const { makeRoom } = recording;
    return {
      ways,
      keepOpen,
      visitHost: async (login) =>
        visitHost({ scanId, connections: await connections(), collectorScript, makeRoom, now }, login),
      ...createEndpointProbes(
        { prober, retryPolicy, now, user, keepOpen, keyKindsAt: store.served.readKeyKinds() },
        options,
        { scanId, ask, signal },
      ),
    };
  }
}

type EndpointDeps = {
  prober: TlsProber;
  retryPolicy: RetryPolicy;
  now: () => Date;
  /** Of this workstation. */
  user: string;
  /** The kinds of keys of which certificates stand side by side there: each is asked for alone. */
  keyKindsAt: KeyKindsAt;
  keepOpen: (hops: readonly Hop[]) => Promise<JumpHost<Hop> | null>;
};

/** How the endpoints of one scan are visited, each by its way. */
function createEndpointProbes(
  { prober, retryPolicy, now, user, keepOpen, keyKindsAt }: EndpointDeps,
  { asked, sshConfig, everyAddress, asksForOffers }: ProbeOptions,
  { scanId, ask, signal }: Omit<Preparation, "atOnce">,
): Pick<Visits, "visitEndpoint" | "endpointWays"> {
  const { routeTo, portOf } = sshConfig;
  const { keep } = createEndpointRoutes({ ask, routeTo, portOf, user, keepOpen, signal });
  const ways = new Map(asked.map(({ target, way = "" }) => [target, way]));
  const wayOf = (target: TlsTarget) => ways.get(target) ?? "";
  const wish = { everyAddress, asksForOffers };
  return {
    visitEndpoint: (target, onReached) =>
      visitEndpoint(
        { prober, retryPolicy, now, keepWay: () => keep(wayOf(target)) },
        {
          scanId,
          target,
          signal,
          wish: {
            ...wish,
            keyKinds: keyKindsAt(target),
            ...(onReached && { onReached }),
          },
        },
      ),
    endpointWays: { of: wayOf, keepOpen: async (way) => toDisposable(await keep(way)) },
  };
}

/** The jump hosts that lead to endpoints: they need keys and host keys as those of hosts do. */
function findJumps({ asked, sshConfig }: ProbeOptions, user: string): PlannedRoute[] {
  const texts = new Set(asked.map(({ way = "" }) => way).filter(isJumpHost));
  return [...texts].flatMap((text) => {
    const way = readProxy(text);
    const route = way.kind === "jump" ? routeToJump(way, { ...sshConfig, user }) : null;
    return route && "hops" in route ? { jumps: route.hops, hosts: [] } : [];
  });
}

const toDisposable = (kept: Kept | Failure): AsyncDisposable | null => (isFailure(kept) ? null : kept);
