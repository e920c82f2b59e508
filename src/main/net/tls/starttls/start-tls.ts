import type { Duplex } from "node:stream";
import { contentOf, octetsOf, openNode, partsOf, readSize, TAG, tagOf } from "#codec/der.ts";
import type { Failure } from "#net/tcp-connect.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { StartTls } from "#shared/model/hosts/target.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint, formatProtocol } from "#shared/text/hosts/target.ts";
import {
  createMssqlNegotiation,
  createMysqlNegotiation,
  createPostgresNegotiation,
  createRdpNegotiation,
  createTelnetNegotiation,
  openTdsStream,
} from "./binary-protocols.ts";
import {
  Conversation,
  type Ending,
  findSpeaker,
  isTls,
  MORE,
  type Negotiation,
  quoteReceived,
  type Step,
} from "./negotiation.ts";
import { createLineNegotiation, createXmppNegotiation, LINE_PROTOCOLS } from "./text-protocols.ts";

type Ready = Extract<Ending, { kind: "ready" }>;

/** `deadlineMs` is for the whole negotiation: a trickle of bytes does not move it. */
type Limits = { deadlineMs: number; signal: AbortSignal };

/**
 * Runs the negotiation that a protocol has before TLS, and returns the stream for the hello, paused: nothing that came
 * in plain text is left in it. On failure the stream is destroyed. If the protocol is TLS from the start, it does
 * nothing. Rejects only when `signal` aborts.
 */
export async function startTls(
  stream: Duplex,
  target: TlsTarget,
  { deadlineMs, signal }: Limits,
): Promise<Duplex | Failure> {
  const { protocol } = target;
  if (protocol === "tls") return stream;
  const conversation = new Conversation(createNegotiation(protocol, serverNameOf(target) ?? target.host));
  const end = await converse(stream, conversation, { deadlineMs, signal });
  if (end.kind === "ready") return protocol === "mssql" ? openTdsStream(stream) : stream;
  stream.destroy();
  return toStopFailure(end, { target, protocol });
}

function converse(
  stream: Duplex,
  conversation: Conversation,
  { deadlineMs, signal }: Limits,
): Promise<Stop | Ready> {
  const { promise, resolve, reject } = Promise.withResolvers<Stop | Ready>();
  const onStop = () => {
    stream.destroy();
    reject(signal.reason);
  };
  const onData = (piece: Buffer) => {
    const { send, ending } = conversation.take(piece);
    if (ending) stream.pause().off("data", onData);
    if (send.length > 0 && !stream.destroyed) stream.write(send);
    if (ending) resolve(ending);
  };
  const onTime = () => resolve({ kind: "timed-out", hasReceived: conversation.hasReceived, deadlineMs });
  const onEnd = () => resolve({ kind: "closed", hasReceived: conversation.hasReceived });
  const onError = () => resolve({ kind: "reset" });
  const timer = setTimeout(onTime, deadlineMs);

  signal.addEventListener("abort", onStop);
  // The error listener stays: without it, a late error would be thrown.
  stream.on("data", onData).on("error", onError).on("end", onEnd).on("close", onEnd);
  if (signal.aborted) onStop();
  else if (stream.destroyed) onError();
  else {
    if (conversation.opening.length > 0) stream.write(conversation.opening);
    stream.resume();
  }
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onStop);
    stream.off("data", onData).off("end", onEnd).off("close", onEnd);
  });
}

/** The negotiation of a protocol for one connection; `name`: the server's name or address in the request. */
export function createNegotiation(protocol: StartTls, name: string): Negotiation {
  switch (protocol) {
    case "ldap":
      return createLdapNegotiation();
    case "xmpp":
      return createXmppNegotiation(name, "client");
    case "xmpp-server":
      return createXmppNegotiation(name, "server");
    case "telnet":
      return createTelnetNegotiation();
    case "postgres":
      return createPostgresNegotiation();
    case "mysql":
      return createMysqlNegotiation();
    case "rdp":
      return createRdpNegotiation();
    case "mssql":
      return createMssqlNegotiation();
    default:
      return createLineNegotiation(LINE_PROTOCOLS[protocol]);
  }
}

/** An ExtendedRequest that names StartTLS and nothing else (RFC 4511 section 4.14.1), as message 1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from("1.3.6.1.4.1.1466.20037"),
]);

const [EXTENDED_RESPONSE, ENUMERATED] = [0x78, 0x0a];
const MOST_MESSAGE = 16 * 1024;

/** The result code (RFC 4511 section 4.1.9) of servers that do not know StartTLS. */
const PROTOCOL_ERROR = 2;

const createLdapNegotiation = (): Negotiation => ({ opening: START_TLS, next });

function next(received: Buffer): Step {
  if (received[0] !== TAG.sequence) return { kind: "other", received };
  const size = readSize(received);
  if (size === "broken" || (size ?? 0) > MOST_MESSAGE) return { kind: "other", received };
  if (size === null || received.length < size) return MORE;
  const [id, response] = partsOf(openNode(received));
  const number = contentOf(id, TAG.integer);
  if (!number || tagOf(response) !== EXTENDED_RESPONSE) return { kind: "other", received };
  const [result, , diagnostic] = partsOf(response);
  const status = contentOf(result, ENUMERATED);
  const code = status?.length === 1 ? status[0] : undefined;
  if (code === undefined) return { kind: "other", received };
  const said = `result ${code} ${octetsOf(diagnostic)?.toString("utf8") ?? ""}`.trim();
  // Message number 0: the server announces that it ends the connection (section 4.4.1).
  if (number.every((byte) => byte === 0)) return { kind: "turned-away", said };
  if (code === 0) return { kind: "ready", used: size };
  return { kind: code === PROTOCOL_ERROR ? "not-offered" : "refused", said };
}

/** How a negotiation ended before TLS: by what the server sent, by a timeout, or by the connection's end. */
type Stop =
  | Exclude<Ending, { kind: "ready" }>
  | { kind: "timed-out"; hasReceived: boolean; deadlineMs: number }
  | { kind: "closed"; hasReceived: boolean }
  | { kind: "reset" };

type StartTlsEndpoint = { target: TlsTarget; protocol: StartTls };

/** The name of the request for TLS in each protocol. */
const REQUESTS: Record<StartTls, string> = {
  smtp: "STARTTLS",
  lmtp: "STARTTLS",
  imap: "STARTTLS",
  pop3: "STLS",
  ftp: "AUTH TLS",
  ldap: "StartTLS",
  xmpp: "STARTTLS",
  "xmpp-server": "STARTTLS",
  nntp: "STARTTLS",
  sieve: "STARTTLS",
  irc: "STARTTLS",
  telnet: "START_TLS",
  postgres: "SSLRequest",
  mysql: "SSL",
  rdp: "TLS security",
  mssql: "encryption",
};

const MOST_SAID = 200;

/** Why there is no TLS, for people: what happened, and what to do. */
export function toStopFailure(stop: Stop, endpoint: StartTlsEndpoint): Failure {
  const { protocol } = endpoint;
  const [name, request] = [formatProtocol(protocol), REQUESTS[protocol]];
  switch (stop.kind) {
    case "not-offered":
      return {
        outcome: "no-starttls",
        message: `the server offers no TLS within ${name} (${request})${formatWords(stop.said)}; switch it on there, or name the port where it speaks TLS at once`,
      };
    case "refused":
      return {
        outcome: "starttls-refused",
        message: `the server refused ${request}${formatWords(stop.said)}; its own log says why, often a certificate that it could not load`,
      };
    case "turned-away":
      return {
        outcome: "refused",
        message: `the server turned us away before ${request}${formatWords(stop.said)}; ${formatRemedy(stop.said, endpoint)}`,
      };
    case "other":
      return { outcome: "other-protocol", message: describeOtherProtocol(stop.received, endpoint) };
    case "flooded":
      return {
        outcome: "flooded",
        message: `the server sent ${stop.what} of ${name} before TLS; the rest was not read`,
      };
    case "injected":
      return {
        outcome: "injected",
        message: `plain text came behind the server's answer to ${request}, where only TLS may come: "${quoteReceived(stop.received)}"; the server, or somebody on the way, mixes plain text into TLS: nothing of it was used`,
      };
    default:
      return toSilenceFailure(stop, endpoint);
  }
}

/** XMPP's error for an unknown domain (RFC 6120 section 4.9.3.6); other errors are about who may connect. */
const formatRemedy = (said: string, { target }: StartTlsEndpoint): string =>
  said.startsWith("host-unknown")
    ? `write the domain that it serves behind a slash: ${formatEndpoint({ ...target, serverName: "DOMAIN" })}`
    : "does it take connections from this computer?";

function toSilenceFailure(
  stop: Extract<Stop, { kind: "timed-out" | "closed" | "reset" }>,
  { target, protocol }: StartTlsEndpoint,
): Failure {
  const name = formatProtocol(protocol);
  const atOnce = `if TLS is spoken there at once, write ${formatEndpoint({ ...target, protocol: "tls" })}`;
  switch (stop.kind) {
    case "timed-out": {
      const time = `within ${stop.deadlineMs / 1_000} seconds`;
      return {
        outcome: "timed-out",
        message: stop.hasReceived
          ? `the server began to speak ${name} and did not come to TLS ${time}`
          : `the server took the connection and said nothing of ${name} ${time}; ${atOnce}`,
      };
    }
    case "closed":
      return stop.hasReceived
        ? {
            outcome: "truncated",
            message: `the server closed the connection in the middle of ${name}, before TLS`,
            closedBy: "closed-midway-before-tls",
          }
        : {
            outcome: "reset",
            message: `the server closed the connection without a word of ${name}; ${atOnce}`,
            closedBy: "closed-before-tls",
          };
    case "reset":
      return {
        outcome: "reset",
        message: `the server reset the connection in the middle of ${name}, before TLS`,
        closedBy: "reset-before-tls",
      };
    default:
      return assertNever(stop);
  }
}

function describeOtherProtocol(received: Uint8Array, { target, protocol }: StartTlsEndpoint): string {
  const what = `what listens there does not speak ${formatProtocol(protocol)}`;
  if (isTls(received))
    return `${what} but TLS at once; write ${formatEndpoint({ ...target, protocol: "tls" })}`;
  const speaker = findSpeaker(received);
  const how = speaker ? ` but ${speaker.name}` : "";
  const own = speaker?.protocol
    ? formatEndpoint({ ...target, protocol: speaker.protocol })
    : "imap://host:port";
  const remedy = speaker?.protocol
    ? `write ${own}`
    : `if it turns to TLS, write its own protocol, such as ${own}`;
  return `${what}${how}: it said "${quoteReceived(received)}"; ${remedy}`;
}

const formatWords = (said: string): string =>
  said === "" ? "" : `: it said "${quoteReceived(Buffer.from(said, "latin1"), MOST_SAID)}"`;
