import { isIP, isIPv6 } from "node:net";
import type { Duplex } from "node:stream";
import { Redacted } from "#shared/model/secret.ts";

/** The next step: more bytes are needed, there is something to send, or the negotiation is over. */
type Step<T> =
  | { kind: "more" }
  | { kind: "send"; bytes: Uint8Array; used: number }
  | { kind: "over"; result: T; used: number };

/** Our side of a negotiation: its first message, and its step for all bytes that are not used yet. It never throws. */
export type Negotiation<T> = { begin: Uint8Array; take: (received: Buffer) => Step<T> };

/** How the other side ended an unfinished negotiation. `flooded`: it sent more than any answer has. */
export type Ending = { kind: "closed" | "timed-out" | "flooded"; received: Buffer };

/** `deadlineMs` is for the whole negotiation: a trickle of bytes does not move it. */
type Limits = { deadlineMs: number; mostBytes: number; signal: AbortSignal };

/**
 * Runs a negotiation over a stream, which is paused afterwards: bytes after the last answer are put back into it, for
 * the next reader. Rejects only when `signal` aborts.
 */
export function negotiate<T>(
  stream: Duplex,
  { begin, take }: Negotiation<T>,
  { deadlineMs, mostBytes, signal }: Limits,
): Promise<{ result: T } | Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<{ result: T } | Ending>();
  let received = Buffer.alloc(0);
  const end = (kind: Ending["kind"]) => resolve({ kind, received });
  const close = () => end("closed");
  const stop = () => reject(signal.reason);
  const listen = (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    for (;;) {
      const step = take(received);
      if (step.kind === "more") break;
      received = received.subarray(step.used);
      if (step.kind === "send") stream.write(step.bytes);
      else {
        stream.off("data", listen);
        return resolve({ result: step.result });
      }
    }
    if (received.length > mostBytes) end("flooded");
  };
  const timer = setTimeout(end, deadlineMs, "timed-out");

  signal.addEventListener("abort", stop);
  for (const event of ["end", "close", "error"]) stream.on(event, close);
  stream.on("data", listen).resume();
  if (signal.aborted) stop();
  else if (stream.destroyed) close();
  else stream.write(begin);

  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stream.off("data", listen).off("end", close).off("close", close);
    // The error listener stays: a late error must not end the program.
    stream.pause();
    if (received.length > 0 && !stream.destroyed && !stream.readableEnded) stream.unshift(received);
  });
}

/** Where a proxy is asked to connect to. */
export type ProxyDestination = { host: string; port: number };

export type Credentials = { user: string; password: Redacted<string> };

/**
 * A proxy's answer. `refused-by-proxy`: it does not allow this; `unreached`: it tried, and could not reach the
 * endpoint. `garbage`: what answers there is no such proxy.
 */
export type ProxyAnswer =
  | { kind: "open" }
  | { kind: "login-required" }
  | { kind: "login-refused" }
  | { kind: "refused-by-proxy"; said: string }
  | { kind: "unreached"; why: "refused" | "no-route" | "no-such-name" | "timed-out"; said: string }
  | { kind: "garbage"; received: Buffer };

/** The client's side of a tunnel through an HTTP proxy: CONNECT (RFC 9110, 9.3.6), with a login by Basic (RFC 7617). */

/** Requests a tunnel to a destination; the proxy resolves a name. */
export function negotiateConnect(
  { host, port }: ProxyDestination,
  credentials: Credentials | null,
): Negotiation<ProxyAnswer> {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(credentials ? [`Proxy-Authorization: Basic ${writeBasic(credentials)}`] : []),
  ];
  return {
    begin: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"),
    take: (received) => takeHead(received, credentials !== null),
  };
}

const BEGINNING = Buffer.from("HTTP/1.");

/** An answer counts once its head is complete. After a head that opens the tunnel, the endpoint's own bytes begin. */
function takeHead(received: Buffer, hasLogin: boolean): Step<ProxyAnswer> {
  const garbage = { kind: "over", result: { kind: "garbage", received }, used: received.length } as const;
  const known = Math.min(received.length, BEGINNING.length);
  if (!received.subarray(0, known).equals(BEGINNING.subarray(0, known))) return garbage;
  const end = findEnd(received);
  if (end === null) return { kind: "more" };
  const [line = ""] = received.subarray(0, end).toString("latin1").split(/\r?\n/, 1);
  const [, digits, reason = ""] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(line) ?? [];
  if (digits === undefined) return garbage;
  const status = Number(digits);
  // An interim answer (1xx) is followed by the final one.
  if (status < 200) return { kind: "send", bytes: Buffer.alloc(0), used: end };
  return { kind: "over", result: readStatus(status, `${status} ${reason}`.trim(), hasLogin), used: end };
}

function readStatus(status: number, said: string, hasLogin: boolean): ProxyAnswer {
  if (status < 300) return { kind: "open" };
  if (status === 407) return { kind: hasLogin ? "login-refused" : "login-required" };
  if (status === 504) return { kind: "unreached", why: "timed-out", said };
  return { kind: "refused-by-proxy", said };
}

/** Where the head ends, after its empty line; null while it is incomplete. */
function findEnd(received: Buffer): number | null {
  const ends = ["\r\n\r\n", "\n\n"].flatMap((mark) => {
    const at = received.indexOf(mark);
    return at < 0 ? [] : [at + mark.length];
  });
  return ends.length > 0 ? Math.min(...ends) : null;
}

const writeBasic = ({ user, password }: Credentials): string =>
  Buffer.from(`${user}:${Redacted.reveal(password)}`, "utf8").toString("base64");

/** The client's side of SOCKS 5 (RFC 1928), with its login by name and password (RFC 1929). */

const VERSION = 5;
const LOGIN_VERSION = 1;
const METHOD = { none: 0, password: 2, unacceptable: 0xff };
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 };

/** Requests a connection to a destination; the proxy resolves a name. */
export function negotiateSocks5(
  { host, port }: ProxyDestination,
  credentials: Credentials | null,
): Negotiation<ProxyAnswer> {
  let stage: "method" | "login" | "reply" = "method";
  const request = Buffer.concat([
    Buffer.from([VERSION, CONNECT, 0]),
    writeAddress(host),
    Buffer.from([port >>> 8, port & 255]),
  ]);

  return {
    begin: Buffer.from(credentials ? [VERSION, 2, METHOD.none, METHOD.password] : [VERSION, 1, METHOD.none]),
    take(received) {
      switch (stage) {
        case "method":
          return takeMethod(received);
        case "login":
          return takeLogin(received);
        case "reply":
          return takeReply(received);
      }
    },
  };

  function takeMethod(received: Buffer): Step<ProxyAnswer> {
    const [version, method] = received;
    if (version === undefined) return MORE;
    if (version !== VERSION) return over(received, { kind: "garbage", received });
    if (method === undefined) return MORE;
    if (method === METHOD.none) {
      stage = "reply";
      return { kind: "send", bytes: request, used: 2 };
    }
    if (method === METHOD.password && credentials) {
      stage = "login";
      return { kind: "send", bytes: writeLogin(credentials), used: 2 };
    }
    return over(received, { kind: credentials ? "login-refused" : "login-required" });
  }

  function takeLogin(received: Buffer): Step<ProxyAnswer> {
    const [version, status] = received;
    if (version === undefined) return MORE;
    if (version !== LOGIN_VERSION) return over(received, { kind: "garbage", received });
    if (status === undefined) return MORE;
    if (status !== 0) return over(received, { kind: "login-refused" });
    stage = "reply";
    return { kind: "send", bytes: request, used: 2 };
  }
}

const MORE = { kind: "more" } as const;

const over = ({ length }: Buffer, result: ProxyAnswer): Step<ProxyAnswer> => ({
  kind: "over",
  result,
  used: length,
});

/** The bound address in the reply is of no use to us, but it must be there completely. */
function takeReply(received: Buffer): Step<ProxyAnswer> {
  const [version, code, , type, length] = received;
  if (version === undefined) return MORE;
  if (version !== VERSION) return over(received, { kind: "garbage", received });
  if (code === undefined) return MORE;
  // Some proxies send no more than this after a refusal.
  if (code !== 0)
    return over(received, REFUSALS[code] ?? { kind: "refused-by-proxy", said: `reply ${code}` });
  if (type === undefined || length === undefined) return MORE;
  const size = sizeOfAddress(type, length);
  if (size === null) return over(received, { kind: "garbage", received });
  const used = 4 + size + 2;
  return received.length < used ? MORE : { kind: "over", result: { kind: "open" }, used };
}

function sizeOfAddress(type: number, length: number): number | null {
  if (type === ADDRESS.ipv4) return 4;
  if (type === ADDRESS.ipv6) return 16;
  return type === ADDRESS.name ? 1 + length : null;
}

/** RFC 1928, section 6: the proxy itself refuses, or the destination that it tried to reach. */
const REFUSALS: Record<number, ProxyAnswer> = {
  1: { kind: "refused-by-proxy", said: "general failure" },
  2: { kind: "refused-by-proxy", said: "not allowed by its rules" },
  3: { kind: "unreached", why: "no-route", said: "network unreachable" },
  4: { kind: "unreached", why: "no-route", said: "host unreachable" },
  5: { kind: "unreached", why: "refused", said: "connection refused" },
  6: { kind: "unreached", why: "no-route", said: "TTL expired" },
  7: { kind: "refused-by-proxy", said: "it connects to nothing (command not supported)" },
  8: { kind: "refused-by-proxy", said: "it takes no addresses of this kind" },
};

function writeAddress(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([ADDRESS.ipv4, ...host.split(".").map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([ADDRESS.ipv6]), toBytes(host)]);
  const name = Buffer.from(host, "latin1").subarray(0, 255);
  return Buffer.concat([Buffer.from([ADDRESS.name, name.length]), name]);
}

/** The sixteen bytes of an IPv6 address. A zone means nothing on another machine, and is left out. */
function toBytes(address: string): Buffer {
  const plain = address
    .replace(/%.*$/, "")
    // The last 32 bits may be written as an IPv4 address.
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
      return [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(":");
    });
  const [head = [], tail = []] = plain.split("::").map((part) => part.split(":").filter(Boolean));
  const groups = plain.includes("::")
    ? [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail]
    : head;
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  return bytes;
}

function writeLogin({ user, password }: Credentials): Buffer {
  const [name, secret] = [user, Redacted.reveal(password)].map((text) =>
    Buffer.from(text, "utf8").subarray(0, 255),
  );
  return Buffer.concat([
    Buffer.from([LOGIN_VERSION, name?.length ?? 0]),
    name ?? Buffer.alloc(0),
    Buffer.from([secret?.length ?? 0]),
    secret ?? Buffer.alloc(0),
  ]);
}
