import { once } from "node:events";
import { WebSocket } from "ws";
import { type Handshake, WEB_PROTOCOL, WEB_SESSION_PATH, WebGrant } from "#shared/contract/web-protocol.ts";
import { makeSecret, prove } from "#shells/web/secret.ts";
import { printRequest, type RawReply, sendRaw } from "#testing/raw-http.ts";

export const codeOf = (url: string): string => url.replace(/.*#launch=/s, "");

/** Offers a launch code, that of the URL, as the page does, whose Host is a name that not every system finds. */
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

/** A WebSocket of the shell at a URL, on which nothing has been said. */
export async function openUnverified(url: string): Promise<WebSocket> {
  const { host, origin, port } = new URL(url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, WEB_PROTOCOL, { origin, headers: { Host: host } });
  await once(socket, "open");
  return socket;
}

/** One on which both ends have proved a session. Fails with the code by which the shell hung up. */
export async function openAsPage(url: string, grant: WebGrant): Promise<WebSocket> {
  const socket = await openUnverified(url);
  const handshake = await formatHello(socket, url, grant);
  socket.send(JSON.stringify({ proof: prove("page", grant.secret, handshake) }));
  const word = await nextWord(socket);
  if (JSON.stringify(word) !== '{"open":true}') throw new Error("the shell did not open");
  return socket;
}

/** Says who we are, and checks that the shell proves that it is the session's. */
export async function formatHello(
  socket: WebSocket,
  url: string,
  { session, secret }: WebGrant,
): Promise<Handshake> {
  const pageNonce = makeSecret();
  socket.send(JSON.stringify({ session, nonce: pageNonce }));
  const { nonce, proof } = (await nextWord(socket)) as { nonce: string; proof: string };
  const handshake = { authority: new URL(url).host, session, pageNonce, serverNonce: nonce };
  if (proof !== prove("server", secret, handshake)) throw new Error("the shell has not proved the session");
  return handshake;
}

/** The next message; fails with the code by which the shell hung up instead. */
export async function nextWord(socket: WebSocket): Promise<unknown> {
  const closed = once(socket, "close").then(([code]) => Number(code));
  const heard = await Promise.race([once(socket, "message"), closed]);
  if (typeof heard === "number") throw new Error(`hung up with ${heard}`);
  return JSON.parse(String(heard[0]));
}
