import { WEB_PROTOCOL, WEB_SESSION_PATH } from "#shared/contract/web-protocol.ts";

/**
 * Attacks on the web shell, as data. Every attack holds what an attacker has not: the Host of this start, a launch code that
 * is good and the secret of an open session. So what refuses it is the one thing that its name says.
 */

export type Header = readonly [name: string, value: string];

export type Request = { line: string; headers: readonly Header[]; body?: string | Uint8Array };

export type Attack = {
  name: string;
  /** What goes over the socket: a request, or bytes that are none. */
  send: Request | string;
  /** The statuses that may answer it, where one is promised; otherwise any of 4xx, or to be hung up on. */
  statuses?: readonly number[];
};

/** What an attacker would need. */
export type Loot = { authority: string; code: string; session: string; secret: string };

export const authorityOf = ({ authority }: Loot): string => authority;

export const portOf = ({ authority }: Loot): number => Number(authority.split(":")[1]);

/** What our own page sends to read a file. */
export const soundRead = (loot: Loot): Request => ({
  line: "GET / HTTP/1.1",
  headers: [["Host", authorityOf(loot)]],
});

/** What our own page sends to exchange a launch code for a session. */
export function soundExchange(loot: Loot): Request {
  const body = JSON.stringify({ code: loot.code });
  const headers: Header[] = [
    ...senderOf(loot),
    ["Content-Type", "application/json"],
    ["Content-Length", String(body.length)],
  ];
  return { line: `POST ${WEB_SESSION_PATH} HTTP/1.1`, headers, body };
}

/** What our own page sends to open its socket. */
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

/** With another value for a header; null leaves the header out. */
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
