import type { Collection } from "#domain/collection/collection.ts";
import { isProcessOf } from "#domain/collection/server-configs.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";

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
    configurations: serverConfigs.map(readConfiguration),
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

/** The listeners that take a connection to this address and port; `address` null: it is not known to which. */
export function findListeners(map: HostMap, address: string | null, port: number): MappedListener[] {
  const atPort = map.listeners?.filter((listener) => listener.port === port) ?? [];
  const exact = atPort.filter((listener) => listener.address === address);
  if (exact.length > 0) return exact;
  const open = atPort.filter((listener) => listener.address === "0.0.0.0" || listener.address === "::");
  return open.length > 0 ? open : address === null ? atPort : [];
}

/** The processes that listen there and are not of this server; systemd only keeps sockets for others. */
export const findStrangers = (
  listeners: readonly MappedListener[],
  server: Configuration["server"],
): string[] => {
  const names = new Set(listeners.flatMap(({ processes }) => processes.map(({ name }) => name)));
  names.delete("systemd");
  return [...names].some((name) => isProcessOf(server, name)) ? [] : [...names].sort();
};

/** When the newest of the processes that listen there was started, seconds since the epoch; null: not known of all. */
export function newestStart(listeners: readonly MappedListener[]): number | null {
  const starts = listeners.flatMap(({ processes }) => processes.map(({ startedAt }) => startedAt));
  return starts.length === 0 || starts.includes(null) ? null : Math.max(...starts.map(Number));
}
