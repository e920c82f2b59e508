import { once } from "node:events";
import { WebSocket } from "ws";
import {
  type Handshake,
  WEB_PROTOCOL,
  WEB_SESSION_PATH,
  WebGrant,
} from "#shared/contract/transport/web-protocol.ts";
import { macOf, makeSecret } from "#shells/web/answer.ts";
import { printRequest, type RawReply, sendRaw } from "#testing/raw-http.ts";

/**
 * Attacks on the web shell, as data. Every attack has what an attacker lacks: the Host of this start, a valid launch
 * code and the secret of an open session. So only what its name says can be the reason that it is refused.
 */

export type Header = readonly [name: string, value: string];

export type Request = { line: string; headers: readonly Header[]; body?: string | Uint8Array };

export type Attack = {
  name: string;
  /** What is sent over the socket: a request, or bytes that are not one. */
  send: Request | string;
  /** The statuses that may answer it, if one is promised; otherwise any 4xx, or a closed connection. */
  statuses?: readonly number[];
};

/** What an attacker would need. */
export type Loot = { authority: string; code: string; session: string; secret: string };

export const authorityOf = ({ authority }: Loot): string => authority;

export const portOf = ({ authority }: Loot): number => Number(authority.split(":")[1]);

/** The request by which our own page reads a file. */
export const soundRead = (loot: Loot): Request => ({
  line: "GET / HTTP/1.1",
  headers: [["Host", authorityOf(loot)]],
});

/** The request by which our own page exchanges a launch code for a session. */
export function soundExchange(loot: Loot): Request {
  const body = JSON.stringify({ code: loot.code });
  const headers: Header[] = [
    ...senderOf(loot),
    ["Content-Type", "application/json"],
    ["Content-Length", String(body.length)],
  ];
  return { line: `POST ${WEB_SESSION_PATH} HTTP/1.1`, headers, body };
}

/** The request by which our own page opens its socket. */
export function soundUpgrade(loot: Loot): Request {
  const headers: Header[] = [
    ...senderOf(loot),
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Protocol", WEB_PROTOCOL],
  ];
  return { line: "GET / HTTP/1.1", headers };
}

const senderOf = (loot: Loot): Header[] => [
  ["Host", authorityOf(loot)],
  ["Origin", `http://${authorityOf(loot)}`],
];

/** A request without its Host and Origin. */
export const withoutSender = (request: Request): Request => ({
  ...request,
  headers: request.headers.filter(([name]) => name !== "Host" && name !== "Origin"),
});

export const add = (request: Request, ...headers: Header[]): Request => ({
  ...request,
  headers: [...request.headers, ...headers],
});

/** The request with another value for a header; null leaves the header out. */
export const put = (request: Request, name: string, value: string | null): Request => ({
  ...request,
  headers: request.headers.flatMap((header): Header[] => {
    if (header[0] !== name) return [header];
    return value === null ? [] : [[name, value]];
  }),
});

export const withBody = (request: Request, body: string | Uint8Array): Request => ({
  ...put(request, "Content-Length", String(Buffer.byteLength(body))),
  body,
});

export const codeOf = (url: string): string => url.replace(/.*#launch=/s, "");

/** Sends a launch code, that of the URL, as the page does. The page's Host is a name that not every system resolves. */
export function offerCode(url: string, code = codeOf(url)): Promise<RawReply> {
  const { host, origin, port } = new URL(url);
  const body = JSON.stringify({ code });
  const headers = [
    ["Host", host],
    ["Origin", origin],
    ["Content-Type", "application/json"],
    ["Content-Length", String(body.length)],
  ] as const;
  return sendRaw(Number(port), printRequest(`POST ${WEB_SESSION_PATH} HTTP/1.1`, headers, body));
}

export const exchangeCode = async (url: string): Promise<WebGrant> =>
  WebGrant.parse(JSON.parse((await offerCode(url)).body));

/** A WebSocket of the shell at a URL, on which nothing has been sent. */
export async function openUnverified(url: string): Promise<WebSocket> {
  const { host, origin, port } = new URL(url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, WEB_PROTOCOL, { origin, headers: { Host: host } });
  await once(socket, "open");
  return socket;
}

/** A WebSocket on which both ends have verified a session. Fails with the code with which the shell closed it. */
export async function openAsPage(url: string, grant: WebGrant): Promise<WebSocket> {
  const socket = await openUnverified(url);
  const handshake = await formatHello(socket, url, grant);
  socket.send(JSON.stringify({ hmac: macOf("page", grant.secret, handshake) }));
  const word = await nextWord(socket);
  if (JSON.stringify(word) !== '{"open":true}') throw new Error("the shell did not open");
  return socket;
}

/** Sends our hello, and verifies by the shell's answer that it knows the session. */
export async function formatHello(
  socket: WebSocket,
  url: string,
  { session, secret }: WebGrant,
): Promise<Handshake> {
  const pageNonce = makeSecret();
  socket.send(JSON.stringify({ session, nonce: pageNonce }));
  const { nonce, hmac } = (await nextWord(socket)) as { nonce: string; hmac: string };
  const handshake = { authority: new URL(url).host, session, pageNonce, serverNonce: nonce };
  if (hmac !== macOf("server", secret, handshake)) throw new Error("the shell has not proved the session");
  return handshake;
}

/** The next message; fails with the code with which the shell closed the socket instead. */
export async function nextWord(socket: WebSocket): Promise<unknown> {
  const closed = once(socket, "close").then(([code]) => Number(code));
  const heard = await Promise.race([once(socket, "message"), closed]);
  if (typeof heard === "number") throw new Error(`hung up with ${heard}`);
  return JSON.parse(String(heard[0]));
}
