import { isProcessOf } from "#domain/collection/read-servers.ts";
import { isLoopback } from "#domain/server-configs/choose-serving.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import type { MappedListener, MappedProcess } from "./host-map.ts";

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
    [...Map.groupBy(listeners ?? [], ({ port }) => port)].map(([port, there]) => [port, lookAt(there)]),
  );
  return (address, port) => {
    const there = ports.get(port);
    if (!there) return NOBODY;
    if (address === null) return there.reached;
    return there.exact.get(address) ?? there.open ?? NOBODY;
  };
}

function lookAt(listeners: readonly MappedListener[]): Port {
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
