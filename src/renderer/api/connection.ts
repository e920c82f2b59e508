import { type ClientContext, type ClientLink, createORPCClient } from "@orpc/client";
import { createContext, use, useSyncExternalStore } from "react";
import type { LatchkeyClient } from "#shared/contract/index.ts";

/**
 * `waiting`: the way to the core is not open (yet, or any more) and is being opened again.
 * `stopped`: the core does not answer. `ended`: it does, and has done with this tab.
 */
export type ConnectionState = "waiting" | "open" | "stopped" | "ended";

export type Connection = {
  client: LatchkeyClient;
  read(): ConnectionState;
  /** What there is to say beyond the state; null when there is nothing. */
  readSentence(): string | null;
  subscribe(listener: () => void): () => void;
  /** Tries again after `stopped`. */
  retry(): void;
};

export type Link = ClientLink<ClientContext>;

/** A connection before it is open. Calls wait until there is a link; who opens it tells what has become of it. */
export function createLine(retry: () => void) {
  let state: ConnectionState = "waiting";
  let sentence: string | null = null;
  let link = Promise.withResolvers<Link>();
  const listeners = new Set<() => void>();
  const tell = () => {
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
      tell();
    },
    /** Whoever calls from now on waits for the next link. */
    close(next: Exclude<ConnectionState, "open">): void {
      if (state === "open") link = Promise.withResolvers<Link>();
      state = next;
      tell();
    },
    say(next: string | null): void {
      sentence = next;
      tell();
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
