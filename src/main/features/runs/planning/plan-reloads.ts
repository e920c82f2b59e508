/** Plans of reloads: which servers are meant by the inventory, and what is on their hosts now. */
import { type HostSessions, type OpenSessions, toHostRequest } from "#connect/host-sessions.ts";
import { type Held, type HostMap, indexMap } from "#domain/deployment-status/host-map.ts";
import type { Unplannable } from "#domain/runs/access/change-set.ts";
import { type FoundServers, findServers } from "#domain/runs/reload/find-servers.ts";
import { planReload, reviewReload } from "#domain/runs/reload/plan-reload.ts";
import { evaluatePresented, type HeldNow, isStale } from "#domain/runs/reload/presented.ts";
import type { OwnTests, ReloadFacts, ServerFacts } from "#domain/runs/reload/reload-facts.ts";
import { findDeployments, type ServerUse, serverOf } from "#domain/runs/renewal/deployments.ts";
import { bare } from "#domain/runs/renewal/draft-replacement.ts";
import type { PlanNote } from "#domain/runs/renewal/renewal-facts.ts";
import { formatReload, SERVERS, triesEachDeployment } from "#domain/runs/renewal/servers.ts";
import {
  chooseEndpoints,
  helloName,
  type ProbeAddress,
} from "#domain/runs/renewal/verification-endpoints.ts";
import type { Configuration, Deployment } from "#domain/server-configs/configuration.ts";
import { countJumps, keyOfHost } from "#domain/ssh-config/ssh-config.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import {
  inspectDeploymentFile,
  type LiveFile,
  testConfiguration,
  testServer,
} from "#net/ssh/session/inspect-deployment.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { sideBySide } from "#net/tasks.ts";
import type { ChainsAt } from "#net/tls/probe-endpoint.ts";
import type { ReloadRequest } from "#shared/contract/runs.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ReloadedServer, ServerKind, Service } from "#shared/model/runs/deployment.ts";
import type { ReloadPlan } from "#shared/model/runs/plan.ts";
import type { Pace } from "#shared/model/runs/plan-options.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";
import { baseOf, findChanged, readConfigs, readEndpoints, readLogin } from "./gather-renewal.ts";
import type { FactDeps } from "./plan-keys.ts";
import { atOnce, HostLost, type Planner, type PlanWork } from "./plans.ts";
import { configsOf, EMPTY, readServices } from "./read-deployments.ts";

export type ReloadPlannerDeps = {
  store: Store;
  /** Sessions with the verbs for servers and their files. */
  reload: { openSessions: OpenSessions; chainsAt: ChainsAt };
  factDeps: () => Promise<FactDeps>;
  now: () => Date;
};

type Target = { known: KnownHost; servers: FoundServers["servers"] };
type Found = { hosts: Target[]; said: PlanNote[] };

export const createReloadPlanner = (deps: ReloadPlannerDeps): Planner<ReloadRequest, ReloadPlan> => ({
  plan: async ({ request, options }) =>
    atOnce(toReload(deps, { options, found: find(deps.store, request) }, planReload)),
  review: (plan) =>
    toReload(
      deps,
      { options: { ...plan.options, rollbackAfterSeconds: 120 }, found: find(deps.store, plan) },
      (facts) => reviewReload(plan, facts),
    ),
});

function toReload(
  deps: ReloadPlannerDeps,
  { options, found }: { options: Pace; found: Found },
  finish: (facts: ReloadFacts) => ReloadPlan | Unplannable,
): PlanWork {
  return {
    hosts: found.hosts.map(({ known }) => known),
    openSessions: deps.reload.openSessions,
    make: async (sessions, onRead, signal) => {
      if (!sessions) throw new Error("hosts are inspected for a reload");
      const { routeTo, workstation, inventory } = await deps.factDeps();
      const jumps = countJumps(inventory.allHosts(), routeTo, workstation.user);
      const hosts: ReloadFacts["hosts"][number][] = [];
      let read = 0;
      await sideBySide(found.hosts, AT_ONCE, async (target) => {
        const seen = await readOne(deps, target, sessions, signal);
        const jumpFor = jumps.get(keyOfHost(target.known)) ?? 0;
        hosts[found.hosts.indexOf(target)] = { ...seen, host: { ...seen.host, jumpFor } };
        await onRead(++read);
      });
      return finish({ now: toInstant(deps.now()), options, hosts, said: found.said });
    },
  };
}

/** Hosts inspected side by side. */
const AT_ONCE = 8;
/** So many files and endpoints of one server are inspected. */
const MOST_FILES = 256;
const MOST_ENDPOINTS = 256;

/** Which servers of which hosts a request, or an imported plan, is about. */
function find({ runbooks: { facts, servers } }: Store, of: ReloadRequest | ReloadPlan): Found {
  const { targets, said } = findServers(of, {
    hostAt: (host, port) => facts.hostAt(host, port)?.id ?? null,
    nameOf: (id) => formatHost(facts.host(id) ?? { host: `host ${id}`, port: 22 }),
    configurationsOf: (id) => mapOf(servers, id).configurations,
    serversAt: servers.serversAt,
    serversPresenting: servers.serversPresenting,
  });
  return {
    said,
    hosts: targets.flatMap((target) => {
      const known = facts.host(target.host);
      return known ? { known, servers: target.servers } : [];
    }),
  };
}

const mapOf = ({ map }: Store["runbooks"]["servers"], hostId: number) =>
  JSON.parse(map(hostId) ?? EMPTY) as HostMap;

type Seen = ReloadFacts["hosts"][number];

async function readOne(
  deps: ReloadPlannerDeps,
  { known, servers }: Target,
  sessions: HostSessions,
  signal: AbortSignal,
): Promise<Seen> {
  const { runbooks } = deps.store;
  const map = mapOf(runbooks.servers, known.id);
  const configurations = servers.flatMap(({ server, config }) => {
    const found = map.configurations.find((one) => serverOf(one.server) === server && one.root === config);
    if (!found)
      throw new Refusal("conflict", `${server} (${config}) is not known on ${formatHost(known)} any more`);
    return { configuration: found, service: toService(server, config) };
  });
  const base = baseOf(known);
  const unreadable = (why: string): Seen => ({
    host: { ...base, unreadable: why },
    scanned: { at: null, changed: [] },
    servers: configurations.map(({ service }) => ({ ...NOT_INSPECTED, service })),
  });
  try {
    const request = { ...toHostRequest(known, known.transport), hostKey: null };
    const entered = await sessions.connectToHost(request, async ({ remote }) => {
      const about = await readLogin(deps, remote);
      const lastRead = runbooks.servers.lastRead(known.id);
      const seen: ServerFacts[] = [];
      for (const one of configurations)
        seen.push(await readServer(deps, remote, { ...one, known, map, signal }));
      const configs = configurations.flatMap(({ configuration }) => configsOf(usesOf(configuration)));
      const changed = findChanged(await readConfigs(remote, configs), lastRead, about.clockOffset);
      return { host: { ...base, ...about }, scanned: { at: lastRead, changed }, servers: seen };
    });
    return entered.kind === "connected" ? entered.value : unreadable(entered.message);
  } catch (error) {
    if (error instanceof HostLost) return unreadable(error.message);
    throw error;
  }
}

/** Of a host that could not be inspected. */
const NOT_INSPECTED: Omit<ServerFacts, "service"> = {
  obstacle: null,
  problems: [],
  test: { kind: "nothing", said: "" },
  files: [],
  deployments: [],
  endpoints: [],
  held: new Map(),
  wonders: [],
};

/** How it is reloaded is known once its host was asked. */
const toService = (server: ServerKind, config: string): Service => ({
  server,
  where: config,
  config,
  test: SERVERS[server].test,
  reload: formatReload(server, "none"),
});

type OneServer = {
  known: KnownHost;
  map: HostMap;
  configuration: Configuration;
  service: Service;
  signal: AbortSignal;
};

async function readServer(
  deps: ReloadPlannerDeps,
  remote: RemoteSession,
  one: OneServer,
): Promise<ServerFacts> {
  const { map, configuration, service } = one;
  const named = configuration.bindings.flatMap((binding) => binding.deployments);
  const paths = [...new Set(named.map(({ certificate }) => certificate.path))];
  const onDisk = await readHeld(remote, paths.slice(0, MOST_FILES));
  const heldNow: HeldNow = (path) => onDisk.get(path) ?? null;
  const { endpoints, wonders } = await readPresented(deps, remote, one, heldNow);
  const stale = endpoints.filter(({ before, after }) => isStale(before, after));
  const meant = stale.length > 0 ? stale : endpoints;
  const deployments = new Set(
    service.server === "apache" ? named : meant.flatMap((endpoint) => endpoint.deployments),
  );
  const live = await readLiveFiles(remote, map, service, [...deployments]);
  const services = await readServices(remote, [service], live.files[0] ?? []);
  if ("lost" in services) throw new HostLost(services.lost);
  const [reloaded = service] = services.services;
  // What cannot be reloaded is not run by root either.
  const test: Tested =
    services.obstacle === null
      ? await testAsItIs(remote, reloaded, live)
      : { kind: "nothing", said: services.obstacle };
  if (test.kind === "lost") throw new HostLost(test.message);
  return {
    service: reloaded,
    obstacle: services.obstacle,
    problems: indexMap(map, () => null).problemsIn(configuration),
    test,
    files: [...onDisk].map(([path, held]) => ({
      path,
      leaf: (held?.sha256 ?? null) as ReloadedServer["files"][number]["leaf"],
    })),
    deployments: live.files.map((some) => some.map(({ path, real }) => ({ path, real }))),
    endpoints: endpoints.map(({ deployments: _, ...endpoint }) => endpoint),
    held: new Map(
      [...onDisk.values(), ...heldAt(deps, endpoints)].flatMap((held) => (held ? [[held.sha256, held]] : [])),
    ),
    wonders: [
      ...wonders,
      ...(paths.length > MOST_FILES
        ? [`it names ${paths.length} certificate files, and ${MOST_FILES} of them are read`]
        : []),
    ],
  };
}

/** The first certificate of each file as it is now. */
async function readHeld(remote: RemoteSession, paths: readonly string[]): Promise<Map<string, Held | null>> {
  const held = new Map<string, Held | null>();
  for (const path of paths) {
    const reading = await inspectDeploymentFile(remote, path);
    if (reading.kind === "lost") throw new HostLost(reading.message);
    const der = reading.kind === "seen" ? reading.file.leafDer : null;
    held.set(path, der && readCertificate(der));
  }
  return held;
}

/** What is known of the certificates that are served now. */
function heldAt({ store, now }: ReloadPlannerDeps, endpoints: readonly { before: string | null }[]): Held[] {
  const served = new Set(endpoints.flatMap(({ before }) => before ?? []));
  return [...served].flatMap((sha256): Held[] => {
    const found = store.certificates.find(sha256, now());
    if (!found) return [{ sha256, names: [], notBefore: null, keyType: "" }];
    const { names, notBefore, notAfter, keyType, subject, issuer } = found;
    return [{ sha256, names, notBefore, notAfter, keyType, subject, issuer }];
  });
}

const usesOf = ({ root, bindings, ...configuration }: Configuration): ServerUse[] =>
  bindings.flatMap(({ names, listens, protocol, unsure, tls = null, deployments }) =>
    deployments.flatMap(({ certificate: { at } }) => {
      const server = serverOf(configuration.server);
      if (!server) return [];
      return { server, root, where: `${at.file}:${at.line}`, listens, names, protocol, unsure, tls };
    }),
  );

type Presented = ServerFacts["endpoints"][number] & { deployments: readonly Deployment[] };

/** What each of its endpoints presents now, and what it presents after a reload. */
async function readPresented(
  { store: { runbooks }, reload: { chainsAt } }: ReloadPlannerDeps,
  remote: RemoteSession,
  { known, configuration, signal }: OneServer,
  heldNow: HeldNow,
): Promise<{ endpoints: Presented[]; wonders: string[] }> {
  const { server, root, bindings } = configuration;
  const seen = runbooks.servers.endpointsServed({ host: known.id, server, root }).map(toProbeAddress);
  const configured = bindings.flatMap((binding) =>
    binding.deployments.map((deployment) =>
      chooseEndpoints(usesOf({ ...configuration, bindings: [{ ...binding, deployments: [deployment] }] }), {
        host: known.host,
        names: bare(heldNow(deployment.certificate.path)?.names ?? []),
      }),
    ),
  );
  const all = [...seen, ...configured.flatMap(({ endpoints }) => endpoints)];
  const each = [...new Map(all.map((one) => [keyOfEndpoint(one), one])).values()];
  const found = await readEndpoints(
    { chainsAt, proxy: remote.proxy, signal },
    { endpoints: each.slice(0, MOST_ENDPOINTS), others: new Set() },
  );
  const isOwn = (address: string): boolean => [known.id, null].includes(runbooks.servers.ownerOf(address));
  const endpoints = found.flatMap((endpoint): Presented[] => {
    const { address, addresses = [address], from } = endpoint;
    // What other hosts with the same name serve is theirs.
    const own = from === "host" ? addresses : addresses.filter(isOwn);
    if (own.length === 0) return [];
    const kept = endpoint.addresses === undefined ? endpoint : { ...endpoint, addresses: own };
    const query = { addresses: own, port: endpoint.port, name: helloName(endpoint) };
    return [{ ...kept, ...evaluatePresented(configuration, query, heldNow) }];
  });
  const more = each.length - MOST_ENDPOINTS;
  return {
    endpoints,
    wonders: [
      ...new Set(configured.flatMap(({ wonders }) => wonders)),
      ...(more > 0
        ? [`it serves at ${each.length} endpoints, and ${MOST_ENDPOINTS} of them are verified`]
        : []),
    ],
  };
}

const keyOfEndpoint = (endpoint: ProbeAddress): string =>
  JSON.stringify([endpoint.address, endpoint.port, endpoint.serverName, endpoint.startTls, endpoint.from]);

const toProbeAddress = (target: TlsTarget): ProbeAddress => ({
  address: target.host,
  port: target.port,
  serverName: serverNameOf(target),
  startTls: target.protocol === "tls" ? null : target.protocol,
  from: "here",
});

/** So many deployments of one server are tried. */
const MOST_TRIED = 32;

/** `untried`: why not all of them are there to be tried, as a phrase. */
type LiveDeployments = { files: LiveFile[][]; untried: string | null };

/**
 * nginx reads all that its configuration names in its own test; the others are given one deployment at a time. Apache
 * ends by any that it cannot read, whichever is meant.
 */
async function readLiveFiles(
  remote: RemoteSession,
  map: HostMap,
  { server, config }: Service,
  deployments: readonly Deployment[],
): Promise<LiveDeployments> {
  if (server === "nginx") return { files: [], untried: null };
  const found = deployments.flatMap(({ certificate }) =>
    findDeployments(map, [certificate.path]).filter(({ uses }) => uses.some(({ root }) => root === config)),
  );
  const each = new Map(found.map(({ files }) => [files.map(({ real }) => real).join("\n"), files]));
  const live: LiveFile[][] = [];
  let untried: string | null =
    each.size > MOST_TRIED ? `it has ${each.size} certificates, and ${MOST_TRIED} of them were tried` : null;
  for (const files of [...each.values()].slice(0, MOST_TRIED)) {
    const one: LiveFile[] = [];
    for (const { path } of files) {
      const reading = await inspectDeploymentFile(remote, path);
      if (reading.kind === "lost") throw new HostLost(reading.message);
      if (reading.kind === "seen" && reading.file.hash !== null)
        one.push({ path, real: reading.file.real, hash: reading.file.hash });
      else untried ??= `${path} could not be read`;
    }
    if (one.length > 0) live.push(one);
  }
  return { files: live, untried };
}

type Tested = OwnTests | { kind: "lost"; message: string };

/** Its own tests: of its configuration, and of each deployment that it is given. */
export async function testAsItIs(
  remote: RemoteSession,
  service: Service,
  { files, untried }: LiveDeployments,
): Promise<Tested> {
  const { testsConfiguration, checked } = SERVERS[service.server];
  const read = async (sent: ReturnType<typeof testServer>) => {
    const tried = await sent;
    if (tried.kind === "lost" || "said" in tried) return tried;
    return { kind: "untested" as const, said: formatRefusal(tried.why, tried.detail || service.where) };
  };
  const own = checked === null ? null : await read(testConfiguration(remote, service, files[0] ?? []));
  if (own?.kind === "lost") return own;
  if (own?.kind === "failed") return { kind: "failed", said: own.said };
  const triesEach = triesEachDeployment(service.server);
  let untested = triesEach ? untried : null;
  for (const some of triesEach && files.length > 0 ? files : [[]]) {
    const tried = await read(testServer(remote, service, some));
    if (tried.kind === "lost") return tried;
    if (tried.kind === "failed") return { kind: "failed", said: tried.said };
    if (tried.kind === "untested") untested = tried.said;
  }
  if (untested !== null) return { kind: "nothing", said: untested };
  const isWhole = testsConfiguration || own?.kind === "passed";
  return isWhole ? { kind: "configuration", said: "" } : { kind: "certificates", said: own?.said ?? "" };
}
