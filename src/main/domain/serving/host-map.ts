import type { Collection, Process } from "#domain/collection/collection.ts";
import { serverOf } from "#domain/collection/read-servers.ts";
import type { Configuration, ConfigurationFiles, ServerKind } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { readStartedWith } from "#domain/server-configs/running-root.ts";
import { spend } from "#domain/work-budget.ts";
import type { FileProblem } from "./file-problems.ts";

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

export type MappedListener = {
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
      spend(200 + files.unread.length);
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
