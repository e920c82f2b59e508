import type { Collection } from "#domain/collection/collection.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
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
  processes: { name: string; startedAt: number | null }[];
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
        processes: pids.flatMap((pid) => {
          const process = processes.get(pid);
          return process ? [{ name: process.name, startedAt: process.startedAt }] : [];
        }),
      })) ?? null,
  };
}
