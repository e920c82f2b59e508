import type { Collection, Process } from "#domain/collection/collection.ts";
import { isProcessOf, serverOf } from "#domain/collection/read-servers.ts";
import { isLoopback, isTranslated } from "#domain/server-configs/choose-binding.ts";
import type {
  Configuration,
  ConfigurationFiles,
  Deployment,
  ServerKind,
  TlsBinding,
} from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { readStartedWith } from "#domain/server-configs/running-root.ts";
import { spend } from "#domain/work-budget.ts";
import { MOST_NAMED, nameSome } from "#shared/text/findings/certificate-finding.ts";
import { type FileProblem, formatFileProblem } from "./file-problems.ts";
import { createNarrower } from "./narrow-choice.ts";

/**
 * What a host is meant to serve, as far as its files say, and what is needed to explain that it serves something else.
 * The map is kept until the host is read again, because an endpoint may be probed at any time.
 */
export type HostMap = {
  configurations: Configuration[];
  /** When the files that these name were written (seconds since the epoch), and where their links lead. */
  files: { path: string; realPath: string | null; writtenAt: number | null }[];
  /** Null: they could not be determined. */
  listeners: MappedListener[] | null;
  /** Missing in maps from before problems were looked for. */
  problems?: FileProblem[];
};

type MappedListener = {
  address: string;
  port: number;
  /** Empty if they could not be seen. */
  processes: MappedProcess[];
};

/**
 * `startedWith`: the configuration that it was started with; missing if its arguments do not show it, and in maps from
 * before it was kept.
 */
export type MappedProcess = {
  name: string;
  startedAt: number | null;
  startedWith?: { server: ServerKind; root: string };
};

/** At most this many files and listeners are kept of one host. */
const MOST_FILES = 20_000;
const MOST_LISTENERS = 2_000;

export function mapHost({ serverConfigs, diskFiles, listening }: Collection): HostMap {
  const { listeners, processes } = listening;
  return {
    configurations: serverConfigs.map((files) => {
      spend(200 + files.unreadable.length);
      return readConfiguration(files);
    }),
    files: [...diskFiles.values()]
      .slice(0, MOST_FILES)
      .map(({ path, realPath, writtenAt }) => ({ path, realPath, writtenAt })),
    listeners:
      listeners?.slice(0, MOST_LISTENERS).map(({ address, port, pids }) => ({
        address,
        port,
        processes: mapProcesses(pids, processes, serverConfigs),
      })) ?? null,
  };
}

/** If one of them ended before it was inspected, another may have started in its stead: then no age is evidence. */
function mapProcesses(
  pids: readonly number[],
  processes: ReadonlyMap<number, Process>,
  configs: readonly ConfigurationFiles[],
): MappedProcess[] {
  const found = pids.flatMap((pid) => processes.get(pid) ?? []);
  const mapped = found.map((process) => mapProcess(process, configs));
  return found.length === pids.length ? mapped : mapped.map((process) => ({ ...process, startedAt: null }));
}

/**
 * A process whose arguments name no configuration uses the usual one of its server; `root` is empty if that was not
 * found.
 */
function mapProcess(process: Process, configs: readonly ConfigurationFiles[]): MappedProcess {
  const { name, startedAt } = process;
  const server = serverOf(name);
  const started = server && readStartedWith(server, process.arguments);
  if (!server || !started) return { name, startedAt };
  const own = configs.filter((files) => files.server === server);
  const usual = own.find((files) => !files.isStarted)?.root ?? "";
  // HAProxy reads several files as one configuration.
  const named = [started.root ?? usual, ...started.others];
  const root = own.find((files) => named.includes(files.root))?.root ?? named[0] ?? usual;
  return { name, startedAt, startedWith: { server, root } };
}

/** A configuration that has bindings at one port. */
export type AtPort = {
  configuration: Configuration;
  narrow: ReturnType<typeof createNarrower>;
  /** All that it serves at that port. */
  deployments: readonly Deployment[];
};

/** The first binding that is meant to serve a file; `order` counts the bindings of the host. */
type Listed = { order: number; server: Configuration["server"]; binding: TlsBinding; deployment: Deployment };

/** A map that is indexed, so that a query for one endpoint costs the same however many names its host serves. */
export type MapIndex = {
  at: (port: number) => readonly AtPort[];
  listening: (address: string | null, port: number) => Listening;
  /** Seconds since the epoch. */
  writtenAt: (path: string) => number | null;
  listed: (path: string) => Listed | null;
  /** Why no server could load the certificate of this file, as a phrase; null: no reason is known. */
  problemOf: (path: string) => string | null;
  /**
   * What keeps the server of a configuration from starting and from reloading, as phrases: the first of many, and how
   * many more there are.
   */
  problemsIn: (configuration: Configuration) => string[];
};

/**
 * `namesIn`: the DNS names of the first certificate of a file, null if they are not known. `wasSeen`: whether an
 * earlier scan has read a certificate or a key at a path.
 */
export function indexMap(
  map: HostMap,
  namesIn: (path: string) => readonly string[] | null,
  wasSeen: (path: string) => boolean = () => false,
): MapIndex {
  const ports = new Map<number, AtPort[]>();
  const written = new Map<string, number | null>();
  for (const { path, writtenAt } of map.files) if (!written.has(path)) written.set(path, writtenAt);
  const listed = listPaths(map);
  const listening = createListening(map.listeners);
  // All configurations of a host have the same addresses.
  const [{ addresses = null } = {}] = map.configurations;
  const problems = map.problems ?? [];
  const problemAt = new Map(problems.map((problem) => [problem.certificate, problem]));
  const said = new Map<FileProblem, string>();
  const inOne = new Map<string, string[]>();
  const byConfiguration = Map.groupBy(problems, keyOf);
  // Texts are made when they are needed: a host may have thousands of problems, and an endpoint needs few.
  const problemText = (problem: FileProblem): string => {
    const phrase = said.get(problem) ?? formatFileProblem(problem, wasSeen);
    said.set(problem, phrase);
    return phrase;
  };
  return {
    at(port) {
      const known = ports.get(port);
      if (known) return known;
      const found = map.configurations.flatMap((one) => findAtPort(one, port, namesIn) ?? []);
      ports.set(port, found);
      return found;
    },
    listening: (address, port) =>
      listening(address !== null && isTranslated({ addresses }, address) ? null : address, port),
    writtenAt: (path) => written.get(path) ?? null,
    listed: (path) => listed.get(path) ?? null,
    problemOf(path) {
      const problem = problemAt.get(path);
      return problem ? problemText(problem) : null;
    },
    problemsIn(configuration) {
      const key = keyOf(configuration);
      const own = byConfiguration.get(key) ?? [];
      const phrases =
        inOne.get(key) ?? nameSome(own.slice(0, MOST_NAMED).map(problemText), own.length, "file");
      inOne.set(key, phrases);
      return phrases;
    },
  };
}

const keyOf = ({ server, root }: Pick<Configuration, "server" | "root">): string =>
  JSON.stringify([server, root]);

function findAtPort(
  configuration: Configuration,
  port: number,
  namesIn: (path: string) => readonly string[] | null,
): AtPort | null {
  const there = configuration.bindings.filter(({ listens }) =>
    listens.some((listen) => listen.port === port),
  );
  if (there.length === 0) return null;
  const narrow = createNarrower(configuration, port, namesIn);
  return { configuration, narrow, deployments: there.flatMap(({ deployments }) => deployments) };
}

function listPaths({ configurations }: HostMap): ReadonlyMap<string, Listed> {
  const listed = new Map<string, Listed>();
  for (const { server, bindings } of configurations) {
    for (const binding of bindings) {
      for (const deployment of binding.deployments) {
        const { path } = deployment.certificate;
        if (!listed.has(path)) listed.set(path, { order: listed.size, server, binding, deployment });
      }
    }
  }
  return listed;
}

/** What takes the connections to one address and port. */
export type Listening = {
  /** The names of the processes that listen there, without systemd, which only keeps sockets for others. */
  names: readonly string[];
  /**
   * When the newest of the processes that listen there was started, seconds since the epoch; null: not known of all.
   */
  newestStart: number | null;
  /** The largest number of processes that listen at one of its sockets. */
  processCount: number;
  /** The configurations that they were started with, as far as their arguments show them. */
  startedWith: readonly NonNullable<MappedProcess["startedWith"]>[];
};

/** `reached`: the listeners that other machines can reach, or all if there are none. */
type Port = { reached: Listening; open: Listening | null; exact: ReadonlyMap<string, Listening> };

const NOBODY: Listening = { names: [], newestStart: null, processCount: 0, startedWith: [] };

/**
 * Finds what listens at an address and port; a null address: not known which one. A listener at the address itself
 * comes before those at every address.
 */
export function createListening(
  listeners: readonly MappedListener[] | null,
): (address: string | null, port: number) => Listening {
  const ports = new Map(
    [...Map.groupBy(listeners ?? [], ({ port }) => port)].map(([port, there]) => [port, indexPort(there)]),
  );
  return (address, port) => {
    const there = ports.get(port);
    if (!there) return NOBODY;
    if (address === null) return there.reached;
    return there.exact.get(address) ?? there.open ?? NOBODY;
  };
}

function indexPort(listeners: readonly MappedListener[]): Port {
  const byAddress = Map.groupBy(listeners, ({ address }) => address);
  const reached = listeners.filter(({ address }) => !isLoopback(address));
  const open = [...(byAddress.get("0.0.0.0") ?? []), ...(byAddress.get("::") ?? [])];
  return {
    reached: sum(reached.length > 0 ? reached : listeners),
    open: open.length > 0 ? sum(open) : null,
    exact: new Map([...byAddress].map(([address, own]) => [address, sum(own)])),
  };
}

function sum(listeners: readonly MappedListener[]): Listening {
  const processes = listeners.flatMap((listener) => listener.processes);
  const names = new Set(processes.map(({ name }) => name));
  names.delete("systemd");
  const starts = processes.map(({ startedAt }) => startedAt);
  const isKnown = starts.length > 0 && !starts.includes(null);
  return {
    names: [...names].sort(),
    newestStart: isKnown
      ? starts.reduce<number>((most, start) => Math.max(most, Number(start)), Number.NEGATIVE_INFINITY)
      : null,
    processCount: Math.max(0, ...listeners.map((listener) => listener.processes.length)),
    startedWith: processes.flatMap(({ startedWith }) => startedWith ?? []),
  };
}

/** Whether that server listens there with another configuration: then this one has no effect at the port. */
export function isOfOther({ startedWith }: Listening, { server, root }: Configuration): boolean {
  const own = startedWith.filter((started) => started.server === server);
  return own.length > 0 && own.every((started) => started.root !== root);
}

/** The processes that listen there and do not belong to this server; empty if one that does listens there. */
export const findStrangers = ({ names }: Listening, server: Configuration["server"]): readonly string[] =>
  names.some((name) => isProcessOf(server, name)) ? [] : names;

/**
 * What is needed of the first certificate in a file. `keyType`: as certificates give theirs; `subject`, `issuer`: as
 * RFC 4514 writes them.
 */
export type Held = {
  sha256: string;
  names: readonly string[];
  notBefore: string | null;
  keyType: string;
  subject?: string;
  issuer?: string;
  notAfter?: string | null;
};

/** What is known of the files of the host that is evaluated. */
export type Files = {
  /** What a file holds now; null: nothing was read. */
  heldNow: (path: string) => Held | null;
  /** The files whose first certificate it is now. */
  holding: (sha256: string) => readonly string[];
  /** Files whose first certificate this once was, by path; the phrase says until when. */
  heldUntil: (sha256: string) => ReadonlyMap<string, string>;
  /** Another file of this host that holds it now; null: none is known. */
  alsoIn: (sha256: string) => string | null;
};

/** What an endpoint of that host presented. A null address: not known to which one the connection went. */
export type Sight = {
  address: string | null;
  port: number;
  /** The server name that was requested; null: none. */
  name: string | null;
  leaf: Held;
  /** When the last scan that probed it began, seconds since the epoch. */
  probedAt: number;
  /** When the last scan that read the host began, seconds since the epoch. */
  readAt: number;
};

/** Everything that one observed handshake is evaluated by. */
export type Known = { map: MapIndex; files: Files; sight: Sight; listening: Listening };

/** The names by which HAProxy chooses a certificate: its DNS names, and the common names of its subject as well. */
export const chosenNames = (held: Held | null): string[] | null =>
  held && [
    ...held.names.flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4).toLowerCase()] : [])),
    ...attributesOf(held.subject ?? "", "CN").map((name) => name.toLowerCase()),
  ];

/** The values of one attribute type in a printed name: an escaped comma does not end a value. */
export const attributesOf = (name: string, type: string): string[] =>
  (name.match(/(?:\\.|[^,+\\])+/g) ?? []).flatMap((part) => {
    const attribute = part.trimStart();
    return attribute.startsWith(`${type}=`) ? [attribute.slice(type.length + 1).replace(/\\(.)/g, "$1")] : [];
  });
