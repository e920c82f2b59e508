import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { PAGE_HEADERS, type PageFile } from "#shells/page.ts";
import { getHttp } from "./http.ts";

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
