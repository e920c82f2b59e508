import type { Duplex } from "node:stream";
import type { Failure } from "#net/connect-failure.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/target.ts";
import { Conversation, type Ending } from "./conversation.ts";
import { createNegotiation } from "./dialogues.ts";
import { formatStop, type Stop } from "./say-stop.ts";
import { openTdsStream } from "./tds-stream.ts";

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
  return formatStop(end, { target, protocol });
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
