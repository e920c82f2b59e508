import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AnyRouter } from "@orpc/server";
import { WEB_SESSION_PATH } from "#shared/contract/web-protocol.ts";
import type { Page } from "#shells/page.ts";
import { answer, isRefused, refuse, refuseSocket } from "./answer.ts";
import {
  MOST_HEADERS,
  readToken,
  refuseExchange,
  refuseRead,
  refuseStranger,
  refuseUpgrade,
} from "./checks.ts";
import { getHttp } from "./http.ts";
import { createLaunchCodes, MOST_BAD_CODES } from "./launch-codes.ts";
import { listen, type Place } from "./listen.ts";
import { createSessions } from "./sessions.ts";
import { createWires } from "./wires.ts";

type Options = {
  app: { router: AnyRouter };
  page: Page;
  /** Port 0 of 127.0.0.1, which is any that is free, unless told otherwise. */
  place?: Place;
  /** In milliseconds. */
  now?: () => number;
};

export type WebShell = AsyncDisposable & {
  /** Lets one page in, once, within a minute. */
  url: string;
  /** Another such URL. */
  newLaunchUrl(): string;
  /** Resolves when nothing listens any more, with a sentence that says why. */
  closed: Promise<string>;
};

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  // A request without Host is refused by us, with our headers.
  requireHostHeader: false,
};
const MOST_SOCKETS = 64;

/**
 * Serves the page and the contract to this machine's browser, on 127.0.0.1 alone or on a socket of this user's.
 *
 * A request must name us exactly (Host) and come from our own page (Origin). A
 * page gets in by a launch code from its URL's fragment, which no server or log
 * sees, and stays in by a token that only it holds: with no cookie, nothing
 * goes along to another port of this machine.
 */
export async function serve({ app, page, place = { port: 0 }, now = Date.now }: Options): Promise<WebShell> {
  const codes = createLaunchCodes(now);
  const sessions = createSessions(now);
  const wires = createWires(app.router, sessions);
  const server = createLimitedServer();
  const authority = await listen(server, place);
  const closed = Promise.withResolvers<string>();

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (isRefused(request.socket)) return;
    const refused = refuseStranger(request, authority);
    if (refused) return refuse(response, refused);
    if (request.url === WEB_SESSION_PATH) return void exchange(request, response);
    const unread = refuseRead(request, authority);
    if (unread) return refuse(response, unread);
    const file = page.get(request.url ?? "");
    return file ? answer(response, file) : refuse(response, 404);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isRefused(socket)) return;
    const refused = refuseStranger(request, authority) ?? refuseUpgrade(request, authority);
    if (refused) return refuseSocket(socket, refused);
    const session = sessions.find(readToken(request) ?? "");
    return session ? wires.open(session, { request, socket, head }) : refuseSocket(socket, 401);
  });
  refuseTheRest(server);

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refuseExchange(request, authority);
    if (refused) return refuse(response, refused);
    const code = await readCode(request);
    if (code === null) return refuse(response, 400);
    const result = codes.redeem(code);
    if (result === "good") return answer(response, toJson({ token: sessions.open() }));
    refuse(response, 401);
    if (result === "exhausted") response.once("close", () => void stop(GUESSED));
  }

  async function stop(reason: string): Promise<void> {
    if (!server.listening) return void (await closed.promise);
    const isClosed = once(server, "close");
    server.close();
    wires.close();
    server.closeAllConnections();
    await isClosed;
    closed.resolve(reason);
  }

  const newLaunchUrl = () => `http://${authority}/#launch=${codes.issue()}`;
  return {
    url: newLaunchUrl(),
    newLaunchUrl,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => stop("the web shell was told to stop"),
  };
}

const GUESSED =
  `${MOST_BAD_CODES} wrong launch codes were offered: something on this machine may be guessing, ` +
  "so the web shell has stopped listening; start it again for a new address";

function createLimitedServer(): Server {
  const server = getHttp().createServer(LIMITS);
  server.maxConnections = MOST_SOCKETS;
  // One more than may be sent, so that a header too many is seen.
  server.maxHeadersCount = MOST_HEADERS + 1;
  return server;
}

/** What Node would answer by itself, and then without the headers of the page. */
function refuseTheRest(server: Server): void {
  // What cannot be accepted, for want of file descriptors say, is that caller's loss.
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

/** The code that the page sent; null when it is none, or when the sender hung up half-way. */
async function readCode(request: IncomingMessage): Promise<string | null> {
  try {
    const { code } = JSON.parse((await request.setEncoding("utf8").toArray()).join(""));
    return typeof code === "string" ? code : null;
  } catch {
    return null;
  }
}

const toJson = (value: object) => ({ type: "application/json", body: Buffer.from(JSON.stringify(value)) });
