import { createContext, use, useSyncExternalStore } from "react";
import type { Connection, ConnectionState } from "./connect.ts";

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
