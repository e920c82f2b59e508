import type { Connections, OpenConnections } from "#connect/connect-to-host.ts";
import { createEndpointRoutes, type Kept, routeToJump } from "#connect/endpoint-routes.ts";
import { formatLost, type JumpHost } from "#connect/jump-hosts.ts";
import { refuseUnusable } from "#connect/login-keys.ts";
import { type PlannedLogin, type PlannedRoute, planLogins } from "#connect/logins.ts";
import { type AgainstKey, findChangedHostKey } from "#domain/findings/host-findings.ts";
import { addressReached, type Hop, nameReached, type SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { readProxy } from "#domain/targets/proxies.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { collectHost, SSH_LIMITS } from "#net/ssh/collect.ts";
import { shellCommand } from "#net/ssh/host-connection.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import { type RetryPolicy, retry } from "#net/tasks.ts";
import { type Failure, isFailure } from "#net/tcp-connect.ts";
import type { ProbeRequest, TlsProber } from "#net/tls/probe-endpoint.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { SshTarget, TlsTarget } from "#shared/model/hosts/target.ts";
import { isJumpHost } from "#shared/model/hosts/target.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { withoutRemarks } from "#shared/text/scripts.ts";
import type { KeyKindsAt } from "#store/bindings/binding-list.ts";
import type { HostProbe } from "#store/probe-record.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import type { Store } from "#store/store.ts";
import { blame } from "./describe-probe.ts";
import type { OfferHostKey } from "./offered-keys.ts";
import type { ProbeResult } from "./recording/messages.ts";
import type { Recording } from "./recording/recording.ts";
import type { AtOnce, HeldProbe, Probers } from "./run-scan.ts";

export type ProbeDeps = {
  recording: Pick<Recording, "waitForBytes">;
  openConnections: OpenConnections;
  prober: TlsProber;
  workstation: Workstation;
  /** POSIX sh, sent to every host. */
  collectorScript: string;
  now: () => Date;
  /** When and how often it tries a host again. */
  retryPolicy: RetryPolicy;
  store: Pick<Store, "served">;
};

type ProbeOptions = {
  requested: readonly RequestedTarget[];
  sshConfig: SshConfig;
  acceptNew: boolean;
  /** Named by the user. */
  identityFiles: readonly string[];
  mayPrompt: boolean;
  promptsForPassword: boolean;
  everyAddress: boolean;
  probesCapabilities: boolean;
};

type Preparation = {
  scanId: ScanId;
  promptUser: PromptUser;
  /** Null: a host whose key is not known ends at once. */
  offerHostKey: OfferHostKey | null;
  atOnce: AtOnce;
  signal: AbortSignal;
};

/** The probes of hosts and endpoints, for scans. */
export function createProbes(deps: ProbeDeps) {
  const { store, recording, openConnections, prober, workstation, now, retryPolicy } = deps;
  const collectorScript = Buffer.from(withoutRemarks(deps.collectorScript));
  const { user } = workstation;
  return { refuseUnusable: (options: ProbeOptions) => refuseUnusable(options, workstation), prepare };

  /**
   * Prepares one scan. Endpoints need no key: only hosts wait until keys are read, and the user has unlocked the locked
   * ones.
   */
  function prepare(options: ProbeOptions, preparation: Preparation): Probers {
    const { scanId, promptUser, offerHostKey, atOnce, signal } = preparation;
    const routeTo = (target: SshTarget) => options.sshConfig.routeTo(target, user);
    const routes = planLogins(options.requested, { routeTo, ssh: findSsh() });
    const all = [...routes, ...findJumps(options, user)];
    let opening: ReturnType<OpenConnections> | null = null;
    const connections = () => {
      opening ??= openConnections(all, { ...options, name: `scan ${scanId}`, promptUser, atOnce, signal });
      return opening;
    };
    const keepOpen = async (jumps: PlannedRoute["jumps"]) => (await connections()).keepJumpHosts(jumps);
    const { waitForBytes } = recording;
    return {
      routes,
      keepOpen,
      probeHost: async (login) =>
        probeHost(
          { scanId, connections: await connections(), offerHostKey, collectorScript, waitForBytes, now },
          login,
        ),
      ...createEndpointProbes(
        { prober, retryPolicy, now, user, keepOpen, keyKindsAt: store.served.readKeyKinds() },
        options,
        { scanId, promptUser, signal },
      ),
    };
  }
}

type EndpointDeps = {
  prober: TlsProber;
  retryPolicy: RetryPolicy;
  now: () => Date;
  /** The user of this workstation. */
  user: string;
  /** The kinds of keys for which there are certificates side by side at a port: each gets a handshake of its own. */
  keyKindsAt: KeyKindsAt;
  keepOpen: (hops: readonly Hop[]) => Promise<JumpHost<Hop> | null>;
};

/** The probes of the endpoints of one scan, each over its route. */
function createEndpointProbes(
  { prober, retryPolicy, now, user, keepOpen, keyKindsAt }: EndpointDeps,
  { requested, sshConfig, everyAddress, probesCapabilities }: ProbeOptions,
  { scanId, promptUser, signal }: { scanId: ScanId; promptUser: PromptUser; signal: AbortSignal },
): Pick<Probers, "probeEndpoint" | "endpointProxies"> {
  const { routeTo, portOf } = sshConfig;
  const { keep } = createEndpointRoutes({ promptUser, routeTo, portOf, user, keepOpen, signal });
  const routes = new Map(requested.map(({ target, route: proxy = "" }) => [target, proxy]));
  const proxyOf = (target: TlsTarget) => routes.get(target) ?? "";
  const options = { everyAddress, probesCapabilities };
  return {
    probeEndpoint: (target, onReached) =>
      probeEndpoint(
        { prober, retryPolicy, now, keepProxy: () => keep(proxyOf(target)) },
        {
          scanId,
          target,
          signal,
          options: {
            ...options,
            keyKinds: keyKindsAt(target),
            ...(onReached && { onReached }),
          },
        },
      ),
    endpointProxies: { of: proxyOf, keepOpen: async (proxy) => toDisposable(await keep(proxy)) },
  };
}

/** The jump hosts that lead to endpoints: they need keys and host keys as those of hosts do. */
function findJumps({ requested, sshConfig }: ProbeOptions, user: string): PlannedRoute[] {
  const texts = new Set(requested.map(({ route: proxy = "" }) => proxy).filter(isJumpHost));
  return [...texts].flatMap((text) => {
    const proxy = readProxy(text);
    const route = proxy.kind === "jump" ? routeToJump(proxy, { ...sshConfig, user }) : null;
    return route && "hops" in route ? { jumps: route.hops, hosts: [] } : [];
  });
}

const toDisposable = (kept: Kept | Failure): AsyncDisposable | null => (isFailure(kept) ? null : kept);

/** What every probe of one scan has in common. */
type HostProber = {
  scanId: ScanId;
  connections: Connections;
  offerHostKey: OfferHostKey | null;
  collectorScript: Uint8Array;
  /** Resolves when the byte budget has room for so many more bytes. */
  waitForBytes: (bytes: number) => Promise<void>;
  now: () => Date;
};

/**
 * Logs in to a host and collects the output of its collector. A host keeps its slot until the byte budget has room for
 * that. So the data that waits to be read is at most that of the hosts which are probed at a time. Rejects only when
 * the scan is stopped.
 */
async function probeHost(
  prober: HostProber,
  { target, useSudo, route, transport }: PlannedLogin,
): Promise<ProbeResult | HeldProbe> {
  const { scanId, connections, collectorScript, waitForBytes, now } = prober;
  if (route.kind === "unsupported") {
    const identity = { scanId, target, at: toInstant(now()), tookMs: 0 };
    const failure = { state: "failed", outcome: "not-supported", message: route.why } as const;
    return { kind: "met", probe: { ...identity, ...NOTHING, ...failure } };
  }
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const begunAt = toInstant(now());
  let waitedMs = 0;
  const { met, lost, check, tookMs } = await connections.connectToHost(
    { route, transport },
    {
      command: shellCommand({ useSudo }),
      async use(connection, { target: named, user, signal }) {
        const options = { target: named, user, collectorScript, nonce, limits: SSH_LIMITS, signal };
        const reading = await collectHost(connection, options);
        const begun = performance.now();
        if ("stream" in reading) await waitForBytes(reading.stream.length);
        waitedMs = Math.round(performance.now() - begun);
        return reading;
      },
    },
  );
  const identity = {
    scanId,
    target,
    at: toInstant(now()),
    tookMs: Math.max(0, tookMs - waitedMs),
    ...("transport" in met && { transport: met.transport }),
    login: {
      user: route.host.user,
      useSudo,
      begunAt,
      reachedAs: nameReached(route.host, route.jumps),
      reachedAddress: "stream" in met ? addressReached(route.host, route.jumps, met.peerAddress) : null,
    },
  };
  const cut = lost && { jumpHost: lost, message: formatLost(lost) };
  if ("stream" in met) {
    const { loginKey: _, transport: __, peerAddress: ___, ...reading } = met;
    return { kind: "stream", identity, nonce, reading, lost: cut };
  }
  const jumpHost = "jumpHost" in met ? met.jumpHost : null;
  const failed =
    "jumpHost" in met
      ? { ...NOTHING, ...whyFailed(met), jumpHost }
      : describeFailure(target, met, check?.findAgainst() ?? null);
  const probe = { ...identity, ...failed };
  return (
    hold(prober, met, { target, jumpHost, probe }) ?? {
      kind: "met",
      probe: jumpHost ? probe : blame(probe, cut),
    }
  );
}

/** Offers the key that a machine was refused for to whoever follows the scan; null where nobody can accept it. */
function hold(
  { offerHostKey, connections }: HostProber,
  { hostKey, isKeyRefused }: SshFailure,
  { target, jumpHost, probe }: { target: SshTarget; jumpHost: HostProbe["jumpHost"]; probe: HostProbe },
): HeldProbe | null {
  if (!offerHostKey || !hostKey || !isKeyRefused) return null;
  const { host, port } = jumpHost ?? target;
  const at = { host, port };
  const { known, addresses } = connections.findBeside(at, hostKey.blob);
  const answer = offerHostKey({ at, hostKey, addresses, isJumpHost: jumpHost !== null, known });
  if (!answer) return null;
  const message = `the host key of ${formatHostAddress(at)} was not accepted: ${hostKey.keyType} ${hostKey.fingerprint}; compare it with the host's own, then trust it`;
  return {
    kind: "held",
    decide: async () => {
      if ((await answer) === "skipped")
        return { kind: "met", probe: { ...probe, outcome: "host-key-not-accepted", message } };
      connections.forgetRefusal(at);
      return null;
    },
  };
}

const whyFailed = ({ outcome, message, hostKey, isKeyRefused }: SshFailure) => ({
  state: "failed" as const,
  outcome,
  message,
  hostKey,
  isKeyRefused,
});

function describeFailure(
  target: SshTarget,
  failure: SshFailure,
  against: AgainstKey | null,
): Omit<HostProbe, "scanId" | "target" | "at" | "tookMs"> {
  const { hostKey } = failure;
  const findings = hostKey && against ? [findChangedHostKey(target, hostKey, against)] : [];
  return { ...NOTHING, ...whyFailed(failure), findings };
}

const NOTHING = { hostKey: null, isKeyRefused: false, jumpHost: null, collected: null, findings: [] };

type Deps = {
  prober: Pick<TlsProber, "probeEndpoint">;
  /** The route to it, kept open until it is disposed; absent: directly. */
  keepProxy?: () => Promise<Kept | Failure>;
  retryPolicy: RetryPolicy;
  now: () => Date;
};

type Probe = { scanId: ScanId; target: TlsTarget; signal: AbortSignal; options?: ProbeRequest };

/** Probes an endpoint and collects the chain it presents. Rejects only when `signal` aborts. */
export async function probeEndpoint(
  { prober, keepProxy = goDirectly, retryPolicy, now }: Deps,
  { scanId, target, signal, options }: Probe,
): Promise<ProbeResult> {
  const kept = await keepProxy();
  if (isFailure(kept)) {
    const identity = { scanId, target, at: toInstant(now()), tookMs: 0 };
    return { kind: "met", probe: { ...identity, ...kept, state: "failed", presented: null } };
  }
  await using _open = kept;
  const { proxy } = kept;
  const reading = await retry(
    () => prober.probeEndpoint(target, signal, { ...options, proxy }),
    retryPolicy,
    signal,
  );
  const { outcome, message, chain, facts, wire, addresses, capabilities, others } = reading;
  const identity = { scanId, target, at: toInstant(now()), tookMs: Math.round(reading.tookMs) };
  if (outcome !== "presented")
    return { kind: "met", probe: { ...identity, state: "failed", outcome, message, presented: null } };
  const said = proxy ? { ...facts, "reached through": proxy.name } : facts;
  return { kind: "chain", identity, chain, facts: said, wire, addresses, capabilities, others };
}

const goDirectly = async (): Promise<Kept> => ({
  proxy: null,
  [Symbol.asyncDispose]: async () => undefined,
});
