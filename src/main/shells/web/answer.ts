import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type Handshake, verificationText } from "#shared/contract/web-protocol.ts";
import { PAGE_HEADERS, type PageFile } from "#shells/page.ts";

/** Answers, and keeps the connection. */
export function answer(response: ServerResponse, { type, body }: PageFile): void {
  response.writeHead(200, { ...PAGE_HEADERS, "Content-Type": type, "Content-Length": body.length });
  response.end(body);
}

/** Who was refused and is being hung up on. */
const refused = new WeakSet<Duplex>();

/**
 * True when nothing more is to be heard from a sender. Node reads the requests that came with a refused one, in one
 * segment, and reports each of them and whatever is broken in them.
 */
export const isRefused = (socket: Duplex): boolean => refused.has(socket);

/** Answers without a word of explanation, and hangs up. */
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
 * node:http, fetched when somebody is served and never imported: an import of it loads fetch and WebSocket as well, for
 * which every command would wait 35 ms.
 */
export const getHttp = () => process.getBuiltinModule("node:http");

/** 256 random bits that fit in a URL and in a header. */
export const makeSecret = (): string => randomBytes(32).toString("base64url");

/** What we keep of a secret that we gave out: it lets nobody in. */
export const digestSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Takes the same time whatever is offered, and however long. */
export const isSecret = (offered: string, digest: Buffer): boolean =>
  timingSafeEqual(digestSecret(offered), digest);

/** One end's proof that it knows the session's secret, in base64url. */
export const prove = (by: "server" | "page", secret: string, handshake: Handshake): string =>
  createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(verificationText(by, handshake))
    .digest("base64url");
