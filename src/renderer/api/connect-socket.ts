import { RPCLink } from "@orpc/client/websocket";
import {
  HANDSHAKE_MS,
  type Handshake,
  type PageHello,
  type PageVerification,
  ServerReady,
  ServerVerification,
  verificationText,
  WEB_CLOSE,
  WEB_PROTOCOL,
  WebGrant,
} from "#shared/contract/transport/web-protocol.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type Connection, createLine, type Link } from "./connection.ts";
import { createCodeRequests, offerToTabs, requestFromTabs } from "./share-session.ts";

/** Pauses between attempts after a drop; after the last one the program counts as stopped. */
const PAUSES_MS = [200, 400, 800, 1_500, 3_000];

/** Close codes that end a tab's socket for good. */
const FINAL: ReadonlySet<number> = new Set(Object.values(WEB_CLOSE).map(({ code }) => code));

/** Shown where launch codes are refused for now; the page knows no more than that. */
const REFUSED =
  "wrong launch codes were offered, so new ones are refused for a minute. Press Enter in the terminal where Latchkey runs after that, and open the fresh address that it prints";

/**
 * The connection to the core from a browser: one socket, opened again with the same session when it drops. No call is
 * made before the server has shown that it knows the session's secret. Where nobody answers, or somebody else, the tab
 * leaves the address.
 */
export function connectSocket(): Connection {
  const line = createLine(() => undefined);
  const tabs = offerToTabs(makeNonce);

  async function open(grant: WebGrant): Promise<void> {
    const found = await openLink(grant, ({ code }) => {
      tabs.use(null);
      // The program has ended this tab: to connect again would only push out the tab that replaced it.
      if (code === WEB_CLOSE.replaced.code) return line.close("ended");
      if (FINAL.has(code)) return end();
      line.close("waiting");
      void open(grant);
    });
    if (typeof found !== "string") {
      tabs.use(found.requestCode);
      return line.open(found.link);
    }
    if (found === "ended") return end();
    forgetGrant();
    leave(found);
  }
  function end(why: NoSession = "ended"): void {
    forgetGrant();
    if (why === "refused") line.setSentence(REFUSED);
    line.close("ended");
  }
  void findGrant().then((missing) => {
    const grant = missing ? null : readGrant();
    return grant ? open(grant) : end(missing ?? "ended");
  });
  return line.connection;
}

type OpenSocket = { link: Link; requestCode: () => Promise<string | null> };

async function openLink(
  grant: WebGrant,
  onDrop: (event: CloseEvent) => void,
): Promise<OpenSocket | "ended" | WhyLeft> {
  for (const pauseMs of [0, ...PAUSES_MS]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const websocket = await openSocket();
    if (!websocket) continue;
    const outcome = await verifyServer(websocket, grant, location.host);
    if (outcome === "verified") {
      websocket.addEventListener("close", onDrop);
      const requestCode = createCodeRequests(websocket);
      return { link: new RPCLink({ websocket }), requestCode };
    }
    websocket.close();
    const final = afterNoVerification(outcome);
    if (final) return final;
  }
  return "stopped";
}

/** Null: another attempt may succeed. */
function afterNoVerification(outcome: Exclude<HandshakeOutcome, "verified">): "ended" | "stranger" | null {
  switch (outcome) {
    case "ended":
    case "stranger":
      return outcome;
    case "silent":
      return null;
    default:
      return assertNever(outcome);
  }
}

function openSocket(): Promise<WebSocket | null> {
  const websocket = new WebSocket(`ws://${location.host}`, WEB_PROTOCOL);
  websocket.binaryType = "arraybuffer";
  const { promise, resolve } = Promise.withResolvers<WebSocket | null>();
  const timeout = setTimeout(() => websocket.close(), HANDSHAKE_MS);
  websocket.addEventListener("open", () => resolve(websocket), { once: true });
  websocket.addEventListener("close", () => resolve(null), { once: true });
  return promise.finally(() => clearTimeout(timeout));
}

/**
 * Leaves the address of a Latchkey that no longer answers there. Any program of this computer may listen at its port by
 * now, and a reload would show that program's page as if it were ours. So the tab goes to a page that no server has
 * sent: everything that it showed is gone with the old page, and a reload of the new one asks no server for anything.
 */
type WhyLeft = "stopped" | "stranger";

const TITLES: Record<WhyLeft, string> = {
  stopped: "Latchkey has stopped",
  stranger: "Another program answers",
};

const WORDS: Record<WhyLeft, readonly string[]> = {
  stopped: [
    "The program that this page belongs to does not answer any more. Nothing that it had read is lost.",
    "Start it again, and open the address that it prints. Close this tab: the old address is nobody's now.",
  ],
  stranger: [
    "The program at this address could not verify itself as the Latchkey that opened this page. Nothing was sent to it.",
    "Close this tab, and type no passphrase at its address. Start Latchkey again, and open the address that it prints.",
  ],
};

/**
 * No text here comes from outside, so nothing is escaped. The page's policy goes with it and allows no style of its
 * own.
 */
const write = (why: WhyLeft): string =>
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">' +
  `<title>${TITLES[why]}</title><main align="center"><font face="system-ui, sans-serif"><br><br><br>` +
  `<h1>${TITLES[why]}</h1>${WORDS[why].map((words) => `<p>${words}</p>`).join("")}</font></main>`;

function leave(why: WhyLeft): void {
  location.replace(URL.createObjectURL(new Blob([write(why)], { type: "text/html" })));
}

/**
 * The result of a handshake. `verified`: the server of this session is at the other end, and knows us. `ended`: it is,
 * and has ended the session. `stranger`: whoever is there did not show that it is the server. `silent`: nothing came,
 * or it hung up.
 */
type HandshakeOutcome = "verified" | "ended" | "stranger" | "silent";

/**
 * Makes the server show that it knows the session's secret, then shows the same to the server. Nothing else is sent
 * before.
 */
async function verifyServer(
  socket: WebSocket,
  { session, secret }: WebGrant,
  authority: string,
): Promise<HandshakeOutcome> {
  const words = listen(socket);
  const pageNonce = makeNonce();
  send<PageHello>(socket, { session, nonce: pageNonce });
  const theirs = await words.next();
  if (theirs.kind !== "word") return theirs.code === WEB_CLOSE.unverified.code ? "stranger" : theirs.kind;
  const answer = ServerVerification.safeParse(theirs.word).data;
  if (!answer) return "stranger";
  const handshake: Handshake = { authority, session, pageNonce, serverNonce: answer.nonce };
  const key = await importSecret(secret);
  if (!(await verify(key, handshake, answer.hmac))) return "stranger";
  send<PageVerification>(socket, { hmac: await sign(key, handshake) });
  const last = await words.next();
  if (last.kind === "word") return ServerReady.safeParse(last.word).success ? "verified" : "stranger";
  return last.code === WEB_CLOSE.ended.code ? "ended" : last.kind;
}

type SocketMessage = { kind: "word"; word: unknown } | { kind: "silent"; code: number | null };

/** Each next message of a socket, or that none came in time. */
function listen(socket: WebSocket) {
  const next = (): Promise<SocketMessage> => {
    const { promise, resolve } = Promise.withResolvers<SocketMessage>();
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

const sign = async (key: CryptoKey, handshake: Handshake): Promise<string> =>
  toWord(new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(verificationText("page", handshake)))));

const verify = (key: CryptoKey, handshake: Handshake, hmac: string): Promise<boolean> =>
  crypto.subtle.verify("HMAC", key, fromWord(hmac), encode(verificationText("server", handshake)));

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

const STORED_AS = "latchkey-session";

/** Why this tab gets no session: its address was used or is too old; or codes are refused for now. */
type NoSession = "ended" | "refused";

/** The session of this tab, with its secret; null where it never got one. */
function readGrant(): WebGrant | null {
  try {
    return WebGrant.safeParse(JSON.parse(sessionStorage.getItem(STORED_AS) ?? "null")).data ?? null;
  } catch {
    return null;
  }
}

/** Without it, this tab cannot connect again. */
const forgetGrant = (): void => sessionStorage.removeItem(STORED_AS);

/**
 * Gets this tab a session that it keeps, so that a reload still works: by the launch code of the address bar
 * (`#launch=...`), which leaves it first, so that a bookmark of it is worth nothing; otherwise the one that it has
 * already, or one that another tab of this browser has a code for. Returns why there is no session; null: there is one.
 */
async function findGrant(): Promise<NoSession | null> {
  const code = /^#launch=(.+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", `${location.pathname}#/`);
    return exchange(code);
  }
  if (readGrant()) return null;
  const shared = await requestFromTabs(makeNonce);
  return shared === null ? "ended" : exchange(shared);
}

/** Exchanges a launch code for a session. The session's secret is sent here and never again. */
async function exchange(code: string): Promise<NoSession | null> {
  forgetGrant();
  const reply = await fetch("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  }).catch(() => null);
  if (reply?.status === 429) return "refused";
  const grant = reply?.ok ? WebGrant.safeParse(await reply.json()).data : null;
  if (!grant) return "ended";
  sessionStorage.setItem(STORED_AS, JSON.stringify(grant));
  return null;
}
