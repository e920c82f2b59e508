import { type ClientContext, type ClientLink, createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import { createTanstackQueryUtils } from "@orpc/tanstack-query";
import { createContext, use, useSyncExternalStore } from "react";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { DESKTOP_PORT } from "#shared/contract/transport/desktop-bridge.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Desktop } from "./desktop.ts";

/**
 * `waiting`: the connection to the core is not open (yet, or any more) and is being opened again. `stopped`: the core
 * does not answer. `ended`: it does, and has ended this tab's session.
 */
type ConnectionState = "waiting" | "open" | "stopped" | "ended";

export type Connection = {
  client: LatchkeyClient;
  read(): ConnectionState;
  /** A sentence that says more than the state; null where there is none. */
  readSentence(): string | null;
  subscribe(listener: () => void): () => void;
  /** Tries again after `stopped`. */
  retry(): void;
};

export type Link = ClientLink<ClientContext>;

/** A connection before it is open. Calls wait until there is a link; whoever opens it announces its state. */
export function createLine(retry: () => void) {
  let state: ConnectionState = "waiting";
  let sentence: string | null = null;
  let link = Promise.withResolvers<Link>();
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };

  const connection: Connection = {
    client: createORPCClient<LatchkeyClient>({
      call: async (path, input, options) => (await link.promise).call(path, input, options),
    }),
    read: () => state,
    readSentence: () => sentence,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry: () => {
      if (state === "stopped") retry();
    },
  };

  return {
    connection,
    open(opened: Link): void {
      link.resolve(opened);
      state = "open";
      notify();
    },
    /** Whoever calls from now on waits for the next link. */
    close(next: Exclude<ConnectionState, "open">): void {
      if (state === "open") link = Promise.withResolvers<Link>();
      state = next;
      notify();
    },
    setSentence(next: string | null): void {
      sentence = next;
      notify();
    },
  };
}

export const ConnectionContext = createContext<Connection | null>(null);

export function useConnection(): Connection {
  const connection = use(ConnectionContext);
  if (!connection) throw new Error("useConnection needs a ConnectionContext above it");
  return connection;
}

export function useConnectionState(): ConnectionState {
  const { subscribe, read } = useConnection();
  return useSyncExternalStore(subscribe, read);
}

export function useConnectionSentence(): string | null {
  const { subscribe, readSentence } = useConnection();
  return useSyncExternalStore(subscribe, readSentence);
}

/** The part of the page's window at which ports arrive. */
type Ports = Pick<Window, "origin" | "addEventListener">;

/**
 * The connection to the core from the desktop window: one port for each load of the page, and another once the core was
 * started again.
 */
export function connectPort(desktop: Desktop, page: Ports): Connection {
  const line = createLine(() => void desktop.request({ kind: "retry" }));

  page.addEventListener("message", ({ source, origin, data, ports: [port] }) => {
    // Only the preload speaks to the page from the page's own window.
    if (source !== page || origin !== page.origin || data !== DESKTOP_PORT || !port) return;
    line.open(new RPCLink({ port }));
    port.start();
  });
  desktop.onCore((status) => {
    line.setSentence(status.sentence);
    const next = closedBy(status);
    if (next) line.close(next);
  });
  return line.connection;
}

/** Null while it runs: the port that comes along opens the line. */
function closedBy({ state }: CoreStatus): "waiting" | "stopped" | null {
  switch (state) {
    case "running":
      return null;
    case "starting":
    case "restarting":
      return "waiting";
    case "failed":
      return "stopped";
    default:
      return assertNever(state);
  }
}

/** The contract as queries and mutations; their keys are made from the procedure's name. */
export const createApi = (client: LatchkeyClient) => createTanstackQueryUtils(client);
export type Api = ReturnType<typeof createApi>;

export const ApiContext = createContext<Api | null>(null);

export function useApi(): Api {
  const api = use(ApiContext);
  if (!api) throw new Error("useApi needs an ApiContext above it");
  return api;
}
