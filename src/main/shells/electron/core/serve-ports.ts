import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/message-port";

import { ToCore } from "./core-messages.ts";

/** The sliver of a port that is used; Electron's MessagePortMain and Node's MessagePort both fit. */
type Port = {
  on(event: string, listener: (event?: { data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
};

/** The sliver of a utility process's parentPort that is used. */
export type ParentPort = {
  on(event: "message", listener: (event: { data?: unknown; ports: Port[] }) => void): unknown;
};

/** Answers the contract on every port that the parent hands over. */
export function servePorts(app: { router: AnyRouter }, parent: ParentPort): void {
  const handler = new RPCHandler(app.router);
  parent.on("message", ({ data, ports }) => {
    if (ToCore.safeParse(data).data?.kind === "keeper") return;
    for (const port of ports) {
      handler.upgrade(port);
      port.start();
    }
  });
}
