import type { Duplex } from "node:stream";
import { contentOf, octetsOf, openNode, partsOf, readSize, TAG, tagOf } from "#codec/der.ts";
import type { Failure } from "#net/connect-failure.ts";
import { type StartTls, serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import {
  createMssqlNegotiation,
  createMysqlNegotiation,
  createPostgresNegotiation,
  openTdsStream,
} from "./databases.ts";
import { Conversation, type Ending, MORE, type Negotiation, type Step } from "./dialogue.ts";
import { createLineNegotiation, LINE_TALKS } from "./line-dialogue.ts";
import { createRdpNegotiation } from "./rdp.ts";
import { type Stop, toStopFailure } from "./say-stop.ts";
import { createTelnetNegotiation } from "./telnet.ts";
import { createXmppNegotiation } from "./xmpp.ts";

type Ready = Extract<Ending, { kind: "ready" }>;

/** `deadlineMs` is absolute: a drip of bytes does not move it. */
type Limits = { deadlineMs: number; signal: AbortSignal };

/**
 * Leads the dialogue that a protocol has before TLS, and answers with the stream for the hello, paused: nothing that
 * came in plain text is left in it. A failure has destroyed the stream. Where TLS is spoken at once nothing is done.
 * Rejects only when `signal` says stop.
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
    const { say, ending } = conversation.take(piece);
    if (ending) stream.pause().off("data", onData);
    if (say.length > 0 && !stream.destroyed) stream.write(say);
    if (ending) resolve(ending);
  };
  const onTime = () => resolve({ kind: "timed-out", hasHeard: conversation.hasHeard, deadlineMs });
  const onEnd = () => resolve({ kind: "closed", hasHeard: conversation.hasHeard });
  const onError = () => resolve({ kind: "reset" });
  const timer = setTimeout(onTime, deadlineMs);

  signal.addEventListener("abort", onStop);
  // The one for errors stays: one that comes late has its say elsewhere.
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

/** The dialogue of a protocol for one connection; `name`: the name or address that the server is asked for by. */
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
      return createLineNegotiation(LINE_TALKS[protocol]);
  }
}

/** An ExtendedRequest that names StartTLS and nothing else (RFC 4511 section 4.14.1), as message 1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from("1.3.6.1.4.1.1466.20037"),
]);

const [EXTENDED_RESPONSE, ENUMERATED] = [0x78, 0x0a];
const MOST_MESSAGE = 16 * 1024;

/** What servers answer by (RFC 4511 section 4.1.9) when they do not know StartTLS. */
const PROTOCOL_ERROR = 2;

const createLdapNegotiation = (): Negotiation => ({ opening: START_TLS, next });

function next(heard: Buffer): Step {
  if (heard[0] !== TAG.sequence) return { kind: "other", heard };
  const size = readSize(heard);
  if (size === "broken" || (size ?? 0) > MOST_MESSAGE) return { kind: "other", heard };
  if (size === null || heard.length < size) return MORE;
  const [id, response] = partsOf(openNode(heard));
  const number = contentOf(id, TAG.integer);
  if (!number || tagOf(response) !== EXTENDED_RESPONSE) return { kind: "other", heard };
  const [result, , diagnostic] = partsOf(response);
  const status = contentOf(result, ENUMERATED);
  const code = status?.length === 1 ? status[0] : undefined;
  if (code === undefined) return { kind: "other", heard };
  const said = `result ${code} ${octetsOf(diagnostic)?.toString("utf8") ?? ""}`.trim();
  // A message of no number tells that the server ends the connection (section 4.4.1).
  if (number.every((byte) => byte === 0)) return { kind: "turned-away", said };
  if (code === 0) return { kind: "ready", used: size };
  return { kind: code === PROTOCOL_ERROR ? "not-offered" : "refused", said };
}
