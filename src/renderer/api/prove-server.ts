import {
  HANDSHAKE_MS,
  type Handshake,
  type PageHello,
  type PageVerification,
  ServerReady,
  ServerVerification,
  verificationText,
  WEB_CLOSE,
  type WebGrant,
} from "#shared/contract/web-protocol.ts";

/**
 * What came of it. `proved`: the server of this session is at the other end, and knows us. `ended`: it is, and has done
 * with the session. `stranger`: whoever is there did not prove that it is. `silent`: nothing was heard, or it hung up.
 */
export type Proved = "proved" | "ended" | "stranger" | "silent";

/** Has the server prove the session's secret, and then proves it to the server. Nothing else is said before. */
export async function verifyServer(
  socket: WebSocket,
  { session, secret }: WebGrant,
  authority: string,
): Promise<Proved> {
  const words = listen(socket);
  const pageNonce = makeNonce();
  send<PageHello>(socket, { session, nonce: pageNonce });
  const theirs = await words.next();
  if (theirs.kind !== "word") return theirs.code === WEB_CLOSE.unproved.code ? "stranger" : theirs.kind;
  const answer = ServerVerification.safeParse(theirs.word).data;
  if (!answer) return "stranger";
  const handshake: Handshake = { authority, session, pageNonce, serverNonce: answer.nonce };
  const key = await importSecret(secret);
  if (!(await verify(key, handshake, answer.proof))) return "stranger";
  send<PageVerification>(socket, { proof: await prove(key, handshake) });
  const last = await words.next();
  if (last.kind === "word") return ServerReady.safeParse(last.word).success ? "proved" : "stranger";
  return last.code === WEB_CLOSE.ended.code ? "ended" : last.kind;
}

type Heard = { kind: "word"; word: unknown } | { kind: "silent"; code: number | null };

/** Each next message of a socket, or that none came in time. */
function listen(socket: WebSocket) {
  const next = (): Promise<Heard> => {
    const { promise, resolve } = Promise.withResolvers<Heard>();
    const onMessage = ({ data }: MessageEvent) => resolve({ kind: "word", word: parse(data) });
    const onClose = ({ code }: CloseEvent) => resolve({ kind: "silent", code });
    const timeout = setTimeout(() => resolve({ kind: "silent", code: null }), HANDSHAKE_MS);
    socket.addEventListener("message", onMessage);
    socket.addEventListener("close", onClose);
    return promise.finally(() => {
      clearTimeout(timeout);
      socket.removeEventListener("message", onMessage);
      socket.removeEventListener("close", onClose);
    });
  };
  return { next };
}

const send = <T>(socket: WebSocket, word: T): void => socket.send(JSON.stringify(word));

function parse(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : null;
  } catch {
    return null;
  }
}

const makeNonce = (): string => toWord(crypto.getRandomValues(new Uint8Array(32)));

const HMAC = { name: "HMAC", hash: "SHA-256" };

const importSecret = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", fromWord(secret), HMAC, false, ["sign", "verify"]);

const prove = async (key: CryptoKey, handshake: Handshake): Promise<string> =>
  toWord(new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(verificationText("page", handshake)))));

const verify = (key: CryptoKey, handshake: Handshake, proof: string): Promise<boolean> =>
  crypto.subtle.verify("HMAC", key, fromWord(proof), encode(verificationText("server", handshake)));

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes in base64url, as Node writes them. */
const toWord = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const fromWord = (word: string) =>
  Uint8Array.from(atob(word.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
