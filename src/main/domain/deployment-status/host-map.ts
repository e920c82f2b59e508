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
 * What a host is to serve, as far as its files tell, and what is needed to say why it serves something else. It is kept
 * until the host is read again, for an endpoint may be visited at any time.
 */
export type HostMap = {
  configurations: Configuration[];
  /** Of the files that these name: when they were written (seconds since the epoch), and where their links lead. */
  files: { path: string; realPath: string | null; writtenAt: number | null }[];
  /** Null: they could not be told. */
  listeners: MappedListener[] | null;
  /** Not there in maps of before they were looked for. */
  problems?: FileProblem[];
};

type MappedListener = {
  address: string;
  port: number;
  /** Empty where they could not be seen. */
  processes: MappedProcess[];
};

/** `startedWith`: which configuration it was started with; not there where its arguments do not tell, and in maps of before they were kept. */
export type MappedProcess = {
  name: string;
  startedAt: number | null;
  startedWith?: { server: ServerKind; root: string };
};

/** So many files and listeners are kept of one host. */
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

/** Where one of them had ended before it was looked at, another may have started in its stead: the age of none tells anything then. */
function mapProcesses(
  pids: readonly number[],
  processes: ReadonlyMap<number, Process>,
  configs: readonly ConfigurationFiles[],
): MappedProcess[] {
  const found = pids.flatMap((pid) => processes.get(pid) ?? []);
  const mapped = found.map((process) => mapProcess(process, configs));
  return found.length === pids.length ? mapped : mapped.map((process) => ({ ...process, startedAt: null }));
}

/** Without a word of its own a process goes by the usual configuration of its server: one that was not found has no path. */
function mapProcess(process: Process, configs: readonly ConfigurationFiles[]): MappedProcess {
  const { name, startedAt } = process;
  const server = serverOf(name);
  const started = server && readStartedWith(server, process.arguments);
  if (!server || !started) return { name, startedAt };
  const own = configs.filter((files) => files.server === server);
  const usual = own.find((files) => !files.isStarted)?.root ?? "";
  // HAProxy reads several files as one.
  const named = [started.root ?? usual, ...started.others];
  const root = own.find((files) => named.includes(files.root))?.root ?? named[0] ?? usual;
  return { name, startedAt, startedWith: { server, root } };
}

/** A configuration that says something of one port. */
export type AtPort = {
  configuration: Configuration;
  narrow: ReturnType<typeof createNarrower>;
  /** All that it serves there. */
  deployments: readonly Deployment[];
};

/** Where a file is meant to be served, the first of all places; `order` counts these. */
type Listed = { order: number; server: Configuration["server"]; binding: TlsBinding; deployment: Deployment };

/** A map, laid out so that what is asked for one endpoint costs the same however many names its host serves. */
export type MapIndex = {
  at: (port: number) => readonly AtPort[];
  listening: (address: string | null, port: number) => Listening;
  /** Seconds since the epoch. */
  writtenAt: (path: string) => number | null;
  listed: (path: string) => Listed | null;
  /** Why no server could take the certificate of this file, as a phrase; null: nothing is known to keep one from it. */
  problemOf: (path: string) => string | null;
  /** What keeps the server of a configuration from starting and from reloading, as phrases: of many the first, and how many more there are. */
  problemsIn: (configuration: Configuration) => string[];
};

/**
 * `namesIn`: the DNS names of the first certificate of a file, null where they are not known. `wasSeen`: whether an earlier scan has read
 * a certificate or a key at a path.
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
  // All configurations of a host have its addresses.
  const [{ addresses = null } = {}] = map.configurations;
  const problems = map.problems ?? [];
  const problemAt = new Map(problems.map((problem) => [problem.certificate, problem]));
  const said = new Map<FileProblem, string>();
  const inOne = new Map<string, string[]>();
  const byConfiguration = Map.groupBy(problems, keyOf);
  // A host may have thousands, and an endpoint asks for few.
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
  /** The processes that listen there, without systemd, which only keeps sockets for others. */
  names: readonly string[];
  /** When the newest of the processes that listen there was started, seconds since the epoch; null: not known of all. */
  newestStart: number | null;
  /** How many processes listen at one of its sockets, at most. */
  processCount: number;
  /** What they were started with, as far as they tell. */
  startedWith: readonly NonNullable<MappedProcess["startedWith"]>[];
};

/** `reached`: where other machines get in, and all where none does. */
type Port = { reached: Listening; open: Listening | null; exact: ReadonlyMap<string, Listening> };

const NOBODY: Listening = { names: [], newestStart: null, processCount: 0, startedWith: [] };

/**
 * Finds what listens at an address and port; an address null: it is not known at which one. A listener at the address
 * itself comes before those at every address.
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

/** Whether what listens there is that server, and was started with another configuration: this one then says nothing of the port. */
export function isOfOther({ startedWith }: Listening, { server, root }: Configuration): boolean {
  const own = startedWith.filter((started) => started.server === server);
  return own.length > 0 && own.every((started) => started.root !== root);
}

/** The processes that listen there and are not of this server; none where one is. */
export const findStrangers = ({ names }: Listening, server: Configuration["server"]): readonly string[] =>
  names.some((name) => isProcessOf(server, name)) ? [] : names;

/** The first certificate of a file, as far as it is asked for here. `keyType`: as certificates give theirs; `subject`, `issuer`: as RFC 4514 writes them. */
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
  /** What a file holds now; null: nothing that was read. */
  heldNow: (path: string) => Held | null;
  /** The files that hold it now as their first certificate. */
  holding: (sha256: string) => readonly string[];
  /** Until when files held this certificate as their first one, as phrases by path: those that ever did. */
  heldUntil: (sha256: string) => ReadonlyMap<string, string>;
  /** Another file of this host that holds it now; null: none is known. */
  alsoIn: (sha256: string) => string | null;
};

/** What an endpoint of that host showed. `address` null: it is not known to which one the connection went. */
export type Sight = {
  address: string | null;
  port: number;
  /** The server name that was asked for; null: none. */
  name: string | null;
  leaf: Held;
  /** When the scan began that asked for it last, seconds since the epoch. */
  probedAt: number;
  /** When the scan began that read the host last, seconds since the epoch. */
  readAt: number;
};

/** What is known of one sight, for all that is evaluated by it. */
export type Known = { map: MapIndex; files: Files; sight: Sight; listening: Listening };

/** The names by which HAProxy chooses a certificate: its DNS names, and the common names of its subject as well. */
export const chosenNames = (held: Held | null): string[] | null =>
  held && [
    ...held.names.flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4).toLowerCase()] : [])),
    ...attributesOf(held.subject ?? "", "CN").map((name) => name.toLowerCase()),
  ];

/** The values of one type in a name as it is printed: what is escaped within one ends none. */
export const attributesOf = (name: string, type: string): string[] =>
  (name.match(/(?:\\.|[^,+\\])+/g) ?? []).flatMap((part) => {
    const attribute = part.trimStart();
    return attribute.startsWith(`${type}=`) ? [attribute.slice(type.length + 1).replace(/\\(.)/g, "$1")] : [];
  });
