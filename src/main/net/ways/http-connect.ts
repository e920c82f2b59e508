/** The client's side of a tunnel through an HTTP proxy: CONNECT (RFC 9110, 9.3.6), with a login by Basic (RFC 7617). */
import { isIPv6 } from "node:net";
import { Redacted } from "#shared/model/secret.ts";
import type { Credentials, Negotiation, ProxyAnswer, ProxyDestination, Step } from "./dialogue.ts";

/** Asks a proxy for a tunnel to a place; a name is resolved there. */
export function askConnect(
  { host, port }: ProxyDestination,
  credentials: Credentials | null,
): Negotiation<ProxyAnswer> {
  const place = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const lines = [
    `CONNECT ${place} HTTP/1.1`,
    `Host: ${place}`,
    ...(credentials ? [`Proxy-Authorization: Basic ${writeBasic(credentials)}`] : []),
  ];
  return {
    begin: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"),
    take: (heard) => takeHead(heard, credentials !== null),
  };
}

const BEGINNING = Buffer.from("HTTP/1.");

/** An answer counts once its head is there in full. Behind a head that opens the tunnel the endpoint's own bytes begin. */
function takeHead(heard: Buffer, hasLogin: boolean): Step<ProxyAnswer> {
  const garbage = { kind: "over", result: { kind: "garbage", heard }, used: heard.length } as const;
  const known = Math.min(heard.length, BEGINNING.length);
  if (!heard.subarray(0, known).equals(BEGINNING.subarray(0, known))) return garbage;
  const end = findEnd(heard);
  if (end === null) return { kind: "more" };
  const [line = ""] = heard.subarray(0, end).toString("latin1").split(/\r?\n/, 1);
  const [, digits, reason = ""] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(line) ?? [];
  if (digits === undefined) return garbage;
  const status = Number(digits);
  // Interim answers are followed by the real one.
  if (status < 200) return { kind: "say", bytes: Buffer.alloc(0), used: end };
  return { kind: "over", result: judge(status, `${status} ${reason}`.trim(), hasLogin), used: end };
}

function judge(status: number, said: string, hasLogin: boolean): ProxyAnswer {
  if (status < 300) return { kind: "open" };
  if (status === 407) return { kind: hasLogin ? "login-refused" : "login-wanted" };
  if (status === 504) return { kind: "unreached", why: "timed-out", said };
  return { kind: "refused-by-proxy", said };
}

/** Where the head ends, behind its empty line; null while it has not ended. */
function findEnd(heard: Buffer): number | null {
  const ends = ["\r\n\r\n", "\n\n"].flatMap((mark) => {
    const at = heard.indexOf(mark);
    return at < 0 ? [] : [at + mark.length];
  });
  return ends.length > 0 ? Math.min(...ends) : null;
}

const writeBasic = ({ user, password }: Credentials): string =>
  Buffer.from(`${user}:${Redacted.reveal(password)}`, "utf8").toString("base64");
