import { RPCLink } from "@orpc/client/websocket";
import { WEB_CLOSE, WEB_PROTOCOL } from "#shared/contract/web-protocol.ts";
import { type Connection, createLine, type Link } from "./connection.ts";
import { readToken, takeLaunchCode } from "./session.ts";

/** Pauses between attempts after a drop; after the last one the program counts as stopped. */
const PAUSES_MS = [200, 400, 800, 1_500, 3_000];

/** With these the program ends a tab's socket for good. */
const FINAL: ReadonlySet<number> = new Set(Object.values(WEB_CLOSE).map(({ code }) => code));

/** The way to the core from a browser: one socket, opened again with the same token when it drops. */
export function connectSocket(): Connection {
  const line = createLine(() => {
    line.close("waiting");
    void open();
  });

  async function open(): Promise<void> {
    const found = await openLink(({ code }) => {
      // The program has said that this tab is done; to come back would only push out the tab that took its place.
      if (FINAL.has(code)) return line.close("ended");
      line.close("waiting");
      void open();
    });
    if (typeof found === "string") line.close(found);
    else line.open(found);
  }
  void takeLaunchCode().then(open);
  return line.connection;
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
