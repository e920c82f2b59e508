import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/websocket";
import { type WebSocket, WebSocketServer } from "ws";
import {
  HANDSHAKE_MS,
  PageHello,
  PageVerification,
  type ServerVerification,
  TAB_REQUEST,
  type TabReply,
  WEB_CLOSE,
  WEB_PROTOCOL,
} from "#shared/contract/transport/web-protocol.ts";
import { digestSecret, isSecret, macOf, makeSecret, refuseSocket } from "./answer.ts";
import type { Connections } from "./connections.ts";
import type { Session, Sessions } from "./sessions.ts";

type Upgrade = { request: IncomingMessage; socket: Duplex; head: Buffer };

type Deps = {
  router: AnyRouter;
  sessions: Sessions;
  connections: Connections;
  authority: string;
  /**
   * A launch code for another tab of the browser of a session that began then. Null where a page that is not ours may be
   * at this origin: then no tab gets a session by another one.
   */
  issueTabCode: ((since: number) => string) | null;
};

const MESSAGE_LIMIT_BYTES = 1024 * 1024;
const SWEEP_MS = 30_000;

/**
 * The WebSockets of the contract, one for each session: a newer one replaces the older, as a reload does. Until both
 * ends have verified the session's secret, no message reaches the contract.
 */
export function createWires({ router, sessions, connections, authority, issueTabCode }: Deps) {
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

  async function accept(wire: WebSocket, socket: Duplex): Promise<void> {
    wire.on("error", () => wire.terminate());
    const session = await verifyBoth(wire, sessions, authority);
    if (!session) return hangUp(wire, WEB_CLOSE.unverified);
    if (sessions.isOver(session)) return hangUp(wire, WEB_CLOSE.ended);
    // A plain HTTP server has no other sockets.
    connections.markVerified(socket as Socket);
    serve(session, wire);
  }

  function serve(session: Session, wire: WebSocket): void {
    const older = wires.get(session);
    if (older) hangUp(older, WEB_CLOSE.replaced);
    wires.set(session, wire);
    wire.on("close", () => {
      if (wires.get(session) === wire) wires.delete(session);
      handler.close(asBrowsers(wire));
    });
    wire.binaryType = "arraybuffer";
    wire.addEventListener("message", ({ data }) => void receive(session, wire, data as string | ArrayBuffer));
    wire.send(JSON.stringify({ open: true }));
  }

  /** A message that is no call is not from our page. It is reported nowhere: an error would quote it. */
  async function receive(session: Session, wire: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (wires.get(session) !== wire || sessions.isOver(session)) return hangUp(wire, WEB_CLOSE.ended);
    if (data === TAB_REQUEST) return sendTabCode(session, wire);
    sessions.use(session);
    try {
      await handler.message(asBrowsers(wire), data);
    } catch {
      if (wires.get(session) === wire) wires.delete(session);
      hangUp(wire, NO_CALL);
    }
  }

  /** No call of this session: it ends as if nobody had asked. */
  function sendTabCode({ openedAt }: Session, wire: WebSocket): void {
    const reply: TabReply = { tab: issueTabCode?.(openedAt) ?? null };
    wire.send(JSON.stringify(reply));
  }

  return {
    open({ request, socket, head }: Upgrade): void {
      server.handleUpgrade(request, socket, head, (wire) => void accept(wire, socket));
    },

    close(): void {
      clearInterval(sweeping);
      for (const wire of server.clients) wire.terminate();
    },
  };
}

/** oRPC has the types of a browser's socket, of which it only uses what `ws` has as well. */
const asBrowsers = (wire: WebSocket) => wire as unknown as globalThis.WebSocket;

/** RFC 6455: a message that this end does not accept. */
const NO_CALL = { code: 1008, reason: "that was no call" };

/** Sends the reason, once. If the page does not answer, ws closes the connection half a minute later. */
const hangUp = (wire: WebSocket, { code, reason }: { code: number; reason: string }): void =>
  wire.close(code, reason);

/** The schema of a handshake message. */
type Shape<T> = { safeParse(value: unknown): { data?: T | undefined } };

/** No message of a handshake is longer. */
const MOST_BYTES = 512;

/**
 * Verifies to the page that this is the server of its session, and has the page verify that it has the session's
 * secret. Returns the session, which may have ended; null if the page did not verify it in time. The caller closes the
 * socket.
 */
async function verifyBoth(wire: WebSocket, sessions: Sessions, authority: string): Promise<Session | null> {
  const hello = await nextWord(wire, PageHello);
  const session = hello && sessions.find(hello.session);
  if (!session) return null;
  const serverNonce = makeSecret();
  const handshake = { authority, session: session.id, pageNonce: hello.nonce, serverNonce };
  const answer: ServerVerification = {
    nonce: serverNonce,
    hmac: macOf("server", session.secret, handshake),
  };
  wire.send(JSON.stringify(answer));
  const theirs = await nextWord(wire, PageVerification);
  const expected = digestSecret(macOf("page", session.secret, handshake));
  return theirs && isSecret(theirs.hmac, expected) ? session : null;
}

/** The next message, if it fits the schema; null if it does not, or if none comes in time. */
async function nextWord<T>(wire: WebSocket, shape: Shape<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<T | null>();
  const timeout = setTimeout(() => resolve(null), HANDSHAKE_MS);
  const onMessage = (data: Buffer, isBinary: boolean) => resolve(isBinary ? null : read(data, shape));
  const onClose = () => resolve(null);
  wire.once("message", onMessage);
  wire.once("close", onClose);
  const word = await promise;
  clearTimeout(timeout);
  wire.off("message", onMessage);
  wire.off("close", onClose);
  return word;
}

function read<T>(data: Buffer, shape: Shape<T>): T | null {
  if (data.length > MOST_BYTES) return null;
  try {
    return shape.safeParse(JSON.parse(data.toString("utf8"))).data ?? null;
  } catch {
    return null;
  }
}
