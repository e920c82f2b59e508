import { type ClientContext, type ClientLink, createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { WEB_CLOSE, WEB_PROTOCOL } from "#shared/contract/web-protocol.ts";
import { readToken, takeLaunchCode } from "./session.ts";

/**
 * `waiting`: the socket is not open (yet, or any more) and is being opened again.
 * `stopped`: the program does not answer. `ended`: it does, and has done with this tab.
 */
export type ConnectionState = "waiting" | "open" | "stopped" | "ended";

export type Connection = {
  client: LatchkeyClient;
  read(): ConnectionState;
  subscribe(listener: () => void): () => void;
  /** Tries again after `stopped`. */
  retry(): void;
};

/** Pauses between attempts after a drop; after the last one the program counts as stopped. */
const PAUSES_MS = [200, 400, 800, 1_500, 3_000];

/** With these the program ends a tab's socket for good. */
const FINAL: ReadonlySet<number> = new Set(Object.values(WEB_CLOSE).map(({ code }) => code));

type Link = ClientLink<ClientContext>;

/** The way to the core from a browser: one socket, opened again with the same token when it drops. */
export function connect(): Connection {
  let state: ConnectionState = "waiting";
  let link = Promise.withResolvers<Link>();
  const listeners = new Set<() => void>();

  const become = (next: ConnectionState) => {
    state = next;
    for (const listener of listeners) listener();
  };
  const open = async () => {
    const found = await openLink(({ code }) => {
      link = Promise.withResolvers<Link>();
      // The program has said that this tab is done; to come back would only push out the tab that took its place.
      if (FINAL.has(code)) return become("ended");
      become("waiting");
      void open();
    });
    if (typeof found === "string") return become(found);
    link.resolve(found);
    become("open");
  };
  void takeLaunchCode().then(open);

  return {
    client: createORPCClient<LatchkeyClient>({
      call: async (path, input, options) => (await link.promise).call(path, input, options),
    }),
    read: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry: () => {
      if (state !== "stopped") return;
      become("waiting");
      void open();
    },
  };
}

async function openLink(onDrop: (event: CloseEvent) => void): Promise<Link | "stopped" | "ended"> {
  const token = readToken();
  if (token === null) return "ended";
  for (const pauseMs of [0, ...PAUSES_MS]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const websocket = await openSocket(token);
    if (websocket) {
      websocket.addEventListener("close", onDrop);
      return new RPCLink({ websocket });
    }
    // A refused upgrade looks like a dead server to a page; a plain request tells them apart.
    const isAnswering = await fetch("/icon.svg", { cache: "no-store" }).then(
      () => true,
      () => false,
    );
    if (isAnswering) return "ended";
  }
  return "stopped";
}

function openSocket(token: string): Promise<WebSocket | null> {
  const websocket = new WebSocket(`ws://${location.host}`, [WEB_PROTOCOL, token]);
  websocket.binaryType = "arraybuffer";
  return new Promise((resolve) => {
    websocket.addEventListener("open", () => resolve(websocket), { once: true });
    websocket.addEventListener("close", () => resolve(null), { once: true });
  });
}
