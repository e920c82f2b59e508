import { RPCLink } from "@orpc/client/message-port";
import type { CoreStatus } from "#shared/contract/desktop.ts";
import { DESKTOP_PORT } from "#shared/contract/desktop-bridge.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Connection, createLine } from "./connection.ts";
import type { Desktop } from "./desktop.ts";

/** The sliver of the page's window at which ports arrive. */
type Ports = Pick<Window, "origin" | "addEventListener">;

/** The way to the core from the desktop window: a port a load of the page, and another when the core was started again. */
export function connectPort(desktop: Desktop, page: Ports): Connection {
  const line = createLine(() => void desktop.request({ kind: "retry" }));

  page.addEventListener("message", ({ source, origin, data, ports: [port] }) => {
    // Only the preload speaks to the page from the page's own window.
    if (source !== page || origin !== page.origin || data !== DESKTOP_PORT || !port) return;
    line.open(new RPCLink({ port }));
    port.start();
  });
  desktop.onCore((status) => {
    line.say(status.sentence);
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
