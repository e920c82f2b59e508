import { type HostSessions, toHostRequest } from "#connect/host-sessions.ts";
import { type ChallengeFacts, readChallengeFacts } from "#domain/acme/challenge-methods.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { chooseChallenge } from "#domain/runs/renewal/choose-issuer.ts";
import { bare } from "#domain/runs/renewal/draft-replacement.ts";
import type {
  DeploymentFacts,
  DeploymentFileFacts,
  EndpointFacts,
  FailingServer,
  RenewalFacts,
} from "#domain/runs/renewal/renewal-facts.ts";
import type { TrustReader } from "#domain/runs/renewal/trust.ts";
import type { ProbeAddress } from "#domain/runs/renewal/verification-endpoints.ts";
import { countJumps, keyOfHost } from "#domain/ssh-config/ssh-config.ts";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { inspectChallengeMethods } from "#net/ssh/session/challenges.ts";
import { inspectDeploymentFile } from "#net/ssh/session/inspect-deployment.ts";
import { inspectHost } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { sideBySide } from "#net/tasks.ts";
import type { ChainsAt, ShownAt } from "#net/tls/probe-endpoint.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { RenewalRequest } from "#shared/contract/runs.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import type { RenewalOptions } from "#shared/model/runs/plan-options.ts";
import type { Store } from "#store/store.ts";
import type { FoundRenewal, ReadWindow } from "./find-renewals.ts";
import type { FactDeps } from "./plan-keys.ts";
import { HostLost } from "./plans.ts";
import {
  type Described,
  findFailing,
  readDeploymentFacts,
  readDeploymentFiles,
  readServices,
} from "./read-deployments.ts";

/** What renewals are planned with beside the inventory. */
export type RenewalMeans = {
  issuers: () => Promise<readonly Issuer[]>;
  vault: Pick<Vault, "state">;
  chainsAt: ChainsAt;
  readWindow: ReadWindow;
  /** Reads the roots of all stores, once for a plan. */
  openTrust: () => Promise<TrustReader>;
};

type RenewalFactDeps = Pick<FactDeps, "routeTo" | "workstation" | "inventory" | "now"> & {
  store: Store;
  renewal: RenewalMeans;
};
type Deps = RenewalFactDeps & { issuers: readonly Issuer[]; trust: TrustReader };

type RenewalQuery = {
  request: RenewalRequest;
  options: RenewalOptions;
  target: FoundRenewal;
  signal: AbortSignal;
};
type FoundHost = FoundRenewal["hosts"][number];
type Seen = RenewalFacts["hosts"][number];

/** Hosts inspected side by side. */
const AT_ONCE = 8;

/**
 * Inspects every host that has one of the certificates, and what is served. The facts also name each host that could
 * not be inspected.
 */
export async function gatherRenewal(
  means: RenewalFactDeps,
  query: RenewalQuery,
  sessions: HostSessions,
  onRead: (read: number) => Promise<void>,
): Promise<RenewalFacts> {
  const { request, options, target } = query;
  const hosts: Seen[] = [];
  const [issuers, trust] = await Promise.all([means.renewal.issuers(), means.renewal.openTrust()]);
  const deps: Deps = { ...means, issuers, trust };
  const jumps = countJumps(deps.inventory.allHosts(), deps.routeTo, deps.workstation.user);
  let read = 0;
  await sideBySide(target.hosts, AT_ONCE, async (one) => {
    const seen = await readOne(deps, query, one, sessions);
    const jumpFor = jumps.get(keyOfHost(one.known)) ?? 0;
    hosts[target.hosts.indexOf(one)] = { ...seen, host: { ...seen.host, jumpFor } };
    await onRead(++read);
  });
  return {
    now: toInstant(deps.now()),
    request,
    options,
    hosts,
    leftOut: target.leftOut,
    said: target.said,
    vault: deps.renewal.vault.state(),
  };
}

async function readOne(
  deps: Deps,
  query: RenewalQuery,
  one: FoundHost,
  sessions: HostSessions,
): Promise<Seen> {
  const { known } = one;
  const base = baseOf(known);
  const deployments = one.certificates.flatMap((sha256) =>
    readDeploymentFacts(deps, query.request, one, sha256),
  );
  try {
    const request = { ...toHostRequest(known, known.transport), hostKey: null };
    const entered = await sessions.connectToHost(request, async ({ remote }) => ({
      about: await readLogin(deps, remote),
      files: await readFiles(remote, deployments),
      servers: await readServers(remote, deployments),
      methods: deployments.some(lacksChallenge) ? await readChallengeMethods(remote, deployments) : null,
      shown: await readServed(deps, remote, deployments, query.signal),
      written: await readConfigs(
        remote,
        deployments.flatMap(({ configs }) => configs),
      ),
    }));
    if (entered.kind !== "connected") return unreadable(base, deployments, entered.message);
    const { about, files, servers, methods, shown, written } = entered.value;
    const lastRead = deps.store.runbooks.servers.lastRead(known.id);
    return {
      host: { ...base, ...about },
      scanned: { at: lastRead, changed: findChanged(written, lastRead, about.clockOffset) },
      deployments: deployments.map((deployment, nth) => ({
        ...deployment.facts,
        ...(lacksChallenge(deployment) ? methodOf(deployment, methods) : {}),
        files: files[nth] ?? [],
        verificationEndpoints: shown[nth] ?? [],
        services: servers[nth]?.services ?? [],
        failing: servers[nth]?.failing ?? [],
        obstacle: deployment.facts.obstacle ?? servers[nth]?.obstacle ?? null,
      })),
    };
  } catch (error) {
    if (error instanceof HostLost) return unreadable(base, deployments, error.message);
    throw error;
  }
}

/** While the host is logged in to, for some endpoints can be seen from there alone. */
const readServed = (
  { renewal: { chainsAt } }: Deps,
  { proxy }: RemoteSession,
  deployments: readonly Described[],
  signal: AbortSignal,
) => Promise.all(deployments.map((deployment) => readEndpoints({ chainsAt, proxy, signal }, deployment)));

/** An ACME directory must see that the names are ours, and the request does not say how. */
const lacksChallenge = ({ facts: { issuer, challenge } }: Described): boolean =>
  issuer?.kind === "acme" && challenge === null;

async function readChallengeMethods(
  remote: RemoteSession,
  deployments: readonly Described[],
): Promise<ChallengeFacts | null> {
  const seen = await inspectChallengeMethods(remote);
  if (seen.kind === "lost") throw new HostLost(seen.message);
  return seen.kind === "seen"
    ? readChallengeFacts(seen.inspection, [...new Set(deployments.flatMap(({ facts }) => bare(facts.names)))])
    : null;
}

function methodOf(
  { facts }: Described,
  methods: ChallengeFacts | null,
): Pick<DeploymentFacts, "challenge" | "whyNoChallenge"> {
  const { method, why } = chooseChallenge(bare(facts.names), methods);
  return { challenge: method, whyNoChallenge: why };
}

type ReadService = Exclude<Awaited<ReturnType<typeof readServices>>, { lost: string }>;

async function readServers(remote: RemoteSession, deployments: readonly Described[]) {
  const seen: (ReadService & { failing: FailingServer[] })[] = [];
  const tested = new Map<string, FailingServer | null>();
  for (const { facts, found } of deployments) {
    const servers = await readServices(remote, facts.services, found.files);
    if ("lost" in servers) throw new HostLost(servers.lost);
    const failing = await findFailing(remote, servers.services, tested);
    if ("lost" in failing) throw new HostLost(failing.lost);
    seen.push({ ...servers, failing });
  }
  return seen;
}

async function readFiles(
  remote: RemoteSession,
  deployments: readonly Described[],
): Promise<DeploymentFileFacts[][]> {
  const seen: DeploymentFileFacts[][] = [];
  for (const { facts, found, described, spkiSha256 } of deployments) {
    const isDescribed = found.uses.every(({ server }) => server === "described");
    const files = await readDeploymentFiles(
      remote,
      { files: found.files, old: { sha256: facts.sha256, spkiSha256 } },
      isDescribed ? described : null,
    );
    if ("lost" in files) throw new HostLost(files.lost);
    seen.push(files);
  }
  return seen;
}

/** One query for each: if there is a file for each of many sites, the first ones are enough. */
const MOST_CONFIGS = 64;

/** When the configuration of these endpoints was last written, by the host's clock. */
export async function readConfigs(
  remote: RemoteSession,
  paths: readonly string[],
): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  for (const path of [...new Set(paths)].slice(0, MOST_CONFIGS)) {
    const reading = await inspectDeploymentFile(remote, path);
    if (reading.kind === "lost") throw new HostLost(reading.message);
    if (reading.kind === "seen" && reading.file.writtenAt !== null) written.set(path, reading.file.writtenAt);
  }
  return written;
}

export async function readLogin({ now }: { now: () => Date }, remote: RemoteSession) {
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") throw new HostLost(reading.message);
  return {
    hostKey: remote.hostKey.fingerprint,
    clockOffset: reading.host.epochSeconds - Math.round(now().getTime() / 1_000),
    rollbackTimers: reading.host.rollbackTimers,
    login: {
      account: remote.user,
      isRoot: remote.uid === 0,
      key: remote.loginKey,
      certificate: null,
      from: null,
    },
    unreadable: null,
  };
}

export const baseOf = (known: FoundHost["known"]): HostFacts => ({
  host: known.host,
  port: known.port,
  user: known.user,
  useSudo: known.useSudo,
  hostKey: known.pinned,
  labels: known.tags,
  os: known.os,
  jumpFor: 0,
  unreadable: null,
  asOf: null,
  bundleStanding: null,
  clockOffset: null,
  logs: null,
  addresses: [],
  logins: [],
  rollbackTimers: [],
  login: { account: known.user ?? "", isRoot: false, key: null, certificate: null, from: null },
  accounts: [],
  files: [],
  unreadableKeys: [],
  privateKeyLocations: [],
  daemon: null,
  disabling: null,
});

const unreadable = (base: HostFacts, deployments: readonly Described[], why: string): Seen => ({
  host: { ...base, unreadable: why },
  scanned: { at: null, changed: [] },
  deployments: deployments.map(({ facts }) => facts),
});

/**
 * Which of these files were written after the host was last read, so that what is known of its servers may be wrong.
 * `clockOffset`: by how many seconds the host's clock is ahead of ours; `written`: by the host's clock.
 */
export function findChanged(
  written: ReadonlyMap<string, number>,
  lastRead: Instant | null,
  clockOffset: number,
): string[] {
  if (lastRead === null) return [];
  const then = Math.ceil(Date.parse(lastRead) / 1_000) + clockOffset;
  return [...written].filter(([, at]) => at > then).map(([path]) => path);
}

/** `others`: the certificates that other endpoints of the host are for. */
type EndpointQuery = { endpoints: readonly ProbeAddress[]; others: ReadonlySet<string> };

/** `proxy`: through the host itself; null: its login allows none. */
type EndpointDeps = { chainsAt: ChainsAt; proxy: ProxyRoute | null; signal: AbortSignal };

type SeenAt = ShownAt & Pick<VerificationEndpoint, "from">;

/**
 * What is served now wherever the new certificate will be. Each address is probed from here, and if that shows nothing,
 * from the host itself.
 */
export async function readEndpoints(
  deps: EndpointDeps,
  { endpoints, others }: EndpointQuery,
): Promise<EndpointFacts[]> {
  const seen = await Promise.all(
    endpoints.map(async (endpoint) => toVerifications(endpoint, await inspect(deps, endpoint), others)),
  );
  return seen.flat();
}

async function inspect(deps: EndpointDeps, endpoint: ProbeAddress): Promise<SeenAt[]> {
  const { chainsAt, proxy, signal } = deps;
  if (endpoint.from === "host") return [await readFromHost(deps, endpoint, endpoint.address)];
  const shown = await chainsAt(endpoint, null, signal);
  return Promise.all(
    shown.map(async (at): Promise<SeenAt> => {
      if (at.chain.length > 0 || proxy === null) return { ...at, from: "here" };
      const again = await readFromHost(deps, endpoint, at.address);
      return again.chain.length > 0 ? again : { ...at, from: "here" };
    }),
  );
}

async function readFromHost(
  { chainsAt, proxy, signal }: EndpointDeps,
  endpoint: ProbeAddress,
  address: string,
): Promise<SeenAt> {
  const none: SeenAt = { address, chain: [], message: UNREACHED, from: "host" };
  if (proxy === null) return none;
  const [shown] = await chainsAt({ ...endpoint, addresses: [address] }, proxy, signal);
  return shown ? { ...shown, from: "host" } : none;
}

const UNREACHED =
  "only its host reaches it, and OpenSSH's own client, which makes the login, leads nowhere else";

/** One for all addresses that show the same to the same side, and one for each that shows nothing. */
function toVerifications(
  endpoint: ProbeAddress,
  seen: readonly SeenAt[],
  others: ReadonlySet<string>,
): EndpointFacts[] {
  const alike = Map.groupBy(seen, ({ address, chain: [leaf], from }) =>
    JSON.stringify(leaf === undefined ? [address] : [from, leaf]),
  );
  return [...alike.values()].flatMap((all): EndpointFacts[] => {
    const [{ from, address, chain, message }] = all as [SeenAt];
    const [leaf] = chain;
    if (leaf === undefined)
      return [{ ...endpoint, address, from, before: null, unreadable: message, isOthers: false }];
    const addresses = all.map((one) => one.address);
    const isItself = addresses.length === 1 && addresses[0] === endpoint.address;
    return [
      {
        ...endpoint,
        from,
        before: Sha256.parse(leaf),
        unreadable: null,
        isOthers: others.has(leaf),
        ...(!isItself && { addresses }),
      },
    ];
  });
}
