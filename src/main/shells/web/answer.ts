import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Handshake, verificationText, WEB_PROTOCOL } from "#shared/contract/transport/web-protocol.ts";
import { PAGE_HEADERS, type PageFile } from "#shells/page.ts";

/** Answers, and keeps the connection open. */
export function answer(response: ServerResponse, { type, body }: PageFile): void {
  response.writeHead(200, { ...PAGE_HEADERS, "Content-Type": type, "Content-Length": body.length });
  response.end(body);
}

/** Sockets whose sender was refused, and which are being closed. */
const refused = new WeakSet<Duplex>();

/**
 * True when further requests of a sender are ignored. Node reads the requests that came with a refused one, in one
 * segment, and reports each of them and whatever is broken in them.
 */
export const isRefused = (socket: Duplex): boolean => refused.has(socket);

/** Answers with the status alone, and closes the connection. */
export function refuse(response: ServerResponse, status: number): void {
  refused.add(response.req.socket);
  response.writeHead(status, { ...PAGE_HEADERS, "Content-Length": 0, Connection: "close" });
  response.end();
}

/** The same where Node has no response to write to: broken requests and refused upgrades. */
export function refuseSocket(socket: Duplex, status: number): void {
  if (isRefused(socket)) return;
  refused.add(socket);
  socket.on("error", () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const headers = Object.entries({ ...PAGE_HEADERS, "Content-Length": "0", Connection: "close" });
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${getHttp().STATUS_CODES[status]}`, ...lines, "", ""].join("\r\n");
  socket.end(head, () => socket.destroy());
}

/**
 * node:http, loaded when the first page is served and never imported: an import of it loads fetch and WebSocket as
 * well, for which every command would wait 35 ms.
 */
export const getHttp = () => process.getBuiltinModule("node:http");

/** 256 random bits that fit in a URL and in a header. */
export const makeSecret = (): string => randomBytes(32).toString("base64url");

/** What we keep of a secret that we gave out: nobody can log in with it. */
export const digestSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Takes the same time whatever the value, and however long. */
export const isSecret = (offered: string, digest: Buffer): boolean =>
  timingSafeEqual(digestSecret(offered), digest);

/** The HMAC by which one end shows that it knows the session's secret, in base64url. */
export const macOf = (by: "server" | "page", secret: string, handshake: Handshake): string =>
  createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(verificationText(by, handshake))
    .digest("base64url");

/**
 * Who may request what. Every local user and every web page can reach a loopback port, so each check reads the headers
 * as they were sent: Node itself takes the first of two Hosts, joins two Origins and drops a second Content-Type.
 */

/** The parts of a request that are evaluated. */
type Sender = Pick<IncomingMessage, "httpVersion" | "method" | "rawHeaders" | "url">;

/** The status that refuses a request; null lets it pass. */
type Refused = 400 | 403 | 405 | 411 | 413 | 415 | 421 | 431 | null;

export const MOST_HEADERS = 64;
const MOST_BODY_BYTES = 1_024;

/**
 * The first check of every request and upgrade: exactly one Host, byte for byte our own. A name that was rebound to
 * this address, `localhost.` and `127.1` are not ours.
 */
export function refuseStranger(sender: Sender, authority: string): Refused {
  const isToUs = only(sender, "host") === authority && sender.url?.startsWith("/") === true;
  if (!isToUs || sender.httpVersion !== "1.1") return 421;
  if (sender.rawHeaders.length > 2 * MOST_HEADERS) return 431;
  return has(sender, "content-encoding") ? 415 : null;
}

/**
 * A file of the page has no secret and no side effect; still, only our page and the address bar get one. A link may
 * lead to the page itself: the file that opens the browser is one.
 */
export function refuseRead(sender: Sender, authority: string): Refused {
  if (sender.method !== "GET") return 405;
  if (has(sender, "content-length") || has(sender, "transfer-encoding")) return 400;
  if (has(sender, "origin") && !isFromOurPage(sender, authority)) return 403;
  const isNavigation =
    sender.url === "/" &&
    only(sender, "sec-fetch-mode") === "navigate" &&
    only(sender, "sec-fetch-dest") === "document";
  return isNavigation || isFromSite(sender, ["same-origin", "none"]) ? null : 403;
}

/** The exchange of a launch code for a session: from our page, as JSON, and short. */
export function refuseExchange(sender: Sender, authority: string): Refused {
  if (sender.method !== "POST") return 405;
  if (!isFromOurPage(sender, authority) || !isFromSite(sender, ["same-origin"])) return 403;
  if (only(sender, "content-type") !== "application/json") return 415;
  const length = only(sender, "content-length");
  if (length === null) return 411;
  return Number(length) <= MOST_BODY_BYTES ? null : 413;
}

/** The contract goes over a WebSocket. Browsers always send an Origin with it, and often no Sec-Fetch-Site. */
export function refuseUpgrade(sender: Sender, authority: string): Refused {
  if (sender.method !== "GET") return 405;
  if (!isFromOurPage(sender, authority) || !isFromSite(sender, ["same-origin"])) return 403;
  if (has(sender, "content-length") || has(sender, "transfer-encoding")) return 400;
  const isWebSocket =
    sender.url === "/" &&
    only(sender, "upgrade")?.toLowerCase() === "websocket" &&
    only(sender, "sec-websocket-protocol") === WEB_PROTOCOL &&
    only(sender, "sec-websocket-version") === "13";
  return isWebSocket ? null : 400;
}

/** Compared with our own origin, never with the request's own Host: under DNS rebinding its Origin and Host agree. */
const isFromOurPage = (sender: Sender, authority: string): boolean =>
  only(sender, "origin") === `http://${authority}`;

/** Old browsers send none; for another port of this machine it is `same-site`. */
const isFromSite = (sender: Sender, allowed: readonly string[]): boolean =>
  !has(sender, "sec-fetch-site") || allowed.includes(only(sender, "sec-fetch-site") ?? "");

const has = (sender: Sender, name: string): boolean => valuesOf(sender, name).length > 0;

/** The value of a header that was sent exactly once. */
function only(sender: Sender, name: string): string | null {
  const values = valuesOf(sender, name);
  return values.length === 1 ? (values[0] ?? null) : null;
}

const valuesOf = ({ rawHeaders }: Sender, name: string): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
