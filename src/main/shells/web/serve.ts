import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyRouter } from "@orpc/server";
import { WEB_SESSION_PATH } from "#shared/contract/transport/web-protocol.ts";
import type { Page } from "#shells/page.ts";
import {
  answer,
  getHttp,
  isRefused,
  MOST_HEADERS,
  refuse,
  refuseExchange,
  refuseRead,
  refuseSocket,
  refuseStranger,
  refuseUpgrade,
} from "./answer.ts";
import { createConnections } from "./connections.ts";
import { type ListenAddress, listen } from "./listen.ts";
import { createLaunchCodes, createSessions, MOST_BAD_CODES, REFUSED_MS } from "./sessions.ts";
import { createWires } from "./wires.ts";

type Options = {
  app: { router: AnyRouter };
  page: Page;
  /** By default port 0 of 127.0.0.1, which is any free port. */
  address?: ListenAddress;
  /** In milliseconds. */
  now?: () => number;
  /** Warns the user who started the shell of what strangers do. */
  warn?: (sentence: string) => void;
};

export type WebShell = AsyncDisposable & {
  /** Opens one page, once, within a minute. */
  url: string;
  /** Another such URL. */
  newLaunchUrl(): string;
};

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  // We refuse a request without Host ourselves, with our headers.
  requireHostHeader: false,
};

/**
 * Serves the page and the contract to this machine's browser, on its loopback addresses alone or on a socket of this
 * user's.
 *
 * A request must name us exactly (Host) and come from our own page (Origin). A page logs in by a launch code from its
 * URL's fragment, which no server or log sees, and then uses a secret that only it has and never sends: without a
 * cookie, nothing is sent to another port of this machine. Nothing that strangers do ends the shell, for then they
 * could take its port.
 */
export async function serve(options: Options): Promise<WebShell> {
  const { app, page, address = { port: 0 }, now = Date.now, warn = () => undefined } = options;
  const codes = createLaunchCodes(now);
  const sessions = createSessions(now);
  const server = createLimitedServer();
  const listening = await listen(server, address);
  const { authority } = listening;
  const connections = createConnections(listening.port);
  const issueTabCode = listening.isOfThisStart ? codes.issueForTab : null;
  const wires = createWires({ router: app.router, sessions, connections, authority, issueTabCode });

  server.on("connection", connections.admit);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (isRefused(request.socket)) return;
    const refused = refuseStranger(request, authority);
    if (refused) return refuse(response, refused);
    if (request.url === WEB_SESSION_PATH) return void exchange(request, response);
    const refusal = refuseRead(request, authority);
    if (refusal) return refuse(response, refusal);
    const file = page.get(request.url ?? "");
    return file ? answer(response, file) : refuse(response, 404);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isRefused(socket)) return;
    const refused = refuseStranger(request, authority) ?? refuseUpgrade(request, authority);
    return refused ? refuseSocket(socket, refused) : wires.open({ request, socket, head });
  });
  refuseTheRest(server);

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refuseExchange(request, authority);
    if (refused) return refuse(response, refused);
    const [code, peer] = await Promise.all([readCode(request), connections.describePeer(request.socket)]);
    if (code === null) return refuse(response, 400);
    const result = codes.redeem(code, peer);
    if (result.kind === "good") return answer(response, toJson(sessions.open(result.since)));
    if (result.kind === "refused-now") warn(formatGuessing(peer));
    refuse(response, result.kind === "refused" ? 429 : 401);
  }

  async function stop(): Promise<void> {
    if (!server.listening) return;
    const isClosed = once(server, "close");
    server.close();
    listening.close();
    wires.close();
    server.closeAllConnections();
    await isClosed;
  }

  const newLaunchUrl = () => `http://${authority}/#launch=${codes.issue()}`;
  return { url: newLaunchUrl(), newLaunchUrl, [Symbol.asyncDispose]: stop };
}

const formatGuessing = (peer: string): string =>
  `${peer} of this computer has offered ${MOST_BAD_CODES} wrong launch codes and may be guessing: ` +
  `codes from there are refused for ${REFUSED_MS / 1_000} seconds; open pages go on`;

function createLimitedServer(): Server {
  const server = getHttp().createServer(LIMITS);
  // One more than is allowed, so that one header too many is seen.
  server.maxHeadersCount = MOST_HEADERS + 1;
  return server;
}

/** Refuses what Node would answer by itself, and then without the headers of the page. */
function refuseTheRest(server: Server): void {
  // A connection that cannot be accepted, for want of file descriptors say, is lost for its caller alone.
  server.on("error", () => undefined);
  server.on("connect", (_request, socket: Duplex) => refuseSocket(socket, 405));
  server.on("checkContinue", (_request, response: ServerResponse) => refuse(response, 417));
  server.on("checkExpectation", (_request, response: ServerResponse) => refuse(response, 417));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    refuseSocket(socket, STATUS_OF_ERROR[error.code ?? ""] ?? 400);
  });
}

const STATUS_OF_ERROR: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** The code that the page sent; null if it is none, or if the sender closed the connection before its end. */
async function readCode(request: IncomingMessage): Promise<string | null> {
  try {
    const { code } = JSON.parse((await request.setEncoding("utf8").toArray()).join(""));
    return typeof code === "string" ? code : null;
  } catch {
    return null;
  }
}

const toJson = (value: object) => ({ type: "application/json", body: Buffer.from(JSON.stringify(value)) });
