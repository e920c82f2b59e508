import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { WEB_CLOSE, WEB_PROTOCOL } from "#shared/contract/web-protocol.ts";
import { refuseSocket } from "./answer.ts";
import type { Session, Sessions } from "./sessions.ts";

type Upgrade = { request: IncomingMessage; socket: Duplex; head: Buffer };

const MESSAGE_LIMIT_BYTES = 1024 * 1024;
const SWEEP_MS = 30_000;

/** The WebSockets that carry the contract, one a session: a newer one replaces the older, as a reload does. */
export function createWires(router: AnyRouter, sessions: Sessions) {
  const handler = new RPCHandler(router);
  const wires = new Map<Session, WebSocket>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_LIMIT_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => WEB_PROTOCOL,
  });
  server.on("wsClientError", (_error, socket) => refuseSocket(socket, 400));
  const sweeping = setInterval(hangUpEnded, SWEEP_MS).unref();

  function hangUpEnded(): void {
    for (const [session, wire] of wires) if (sessions.isOver(session)) hangUp(wire, WEB_CLOSE.ended);
  }

  function accept(session: Session, wire: WebSocket): void {
    const older = wires.get(session);
    if (older) hangUp(older, WEB_CLOSE.replaced);
    wires.set(session, wire);
    wire.on("error", () => wire.terminate());
    wire.on("close", () => {
      if (wires.get(session) === wire) wires.delete(session);
    });
    const mayCall = () => wires.get(session) === wire && sessions.use(session);
    void handler.upgrade(guard(wire, mayCall));
  }

  return {
    open(session: Session, { request, socket, head }: Upgrade): void {
      server.handleUpgrade(request, socket, head, (wire) => accept(session, wire));
    },

    close(): void {
      clearInterval(sweeping);
      for (const wire of server.clients) wire.terminate();
    },
  };
}

type Listener = (event: { data: never }) => void;

/** The sliver of a socket that oRPC uses; a message that may not be a call ends it unread. */
function guard(wire: WebSocket, mayCall: () => boolean): Pick<WebSocket, "addEventListener" | "send"> {
  const listen = wire.addEventListener.bind(wire) as (type: string, listener: Listener) => void;
  const addEventListener = (type: string, listener: Listener) =>
    listen(type, (event) => {
      if (type !== "message" || mayCall()) listener(event);
      else hangUp(wire, WEB_CLOSE.ended);
    });
  return {
    send: wire.send.bind(wire),
    addEventListener: addEventListener as WebSocket["addEventListener"],
  };
}

/** Says why, once. A page that does not answer is cut off by ws half a minute later. */
const hangUp = (wire: WebSocket, { code, reason }: { code: number; reason: string }): void =>
  wire.close(code, reason);
