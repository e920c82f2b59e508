import type { Duplex } from "node:stream";
import { isFailure } from "#net/connect-failure.ts";
import { ignoreLateError } from "#net/connect-to-first.ts";
import { onAbort } from "#net/on-abort.ts";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import type { OpenedStream, Opener } from "./connect.ts";
import { handshakeInFull, withPeer } from "./full-handshake.ts";
import { type Answer, GreetingReader, type Silence } from "./greeting-reader.ts";
import { writeHello, writeKindHello } from "./hello.ts";
import { createKeyShare, deriveServerSecret } from "./key-schedule.ts";
import { X25519 } from "./parameters.ts";

type HandshakeLimits = { handshakeMs: number; mostBytes: number };

type Visit = OpenedStream & {
  /** Ready for a hello, and spent afterwards. */
  stream: OpenedStream["stream"];
  open: Opener["again"];
  serverName: string | null;
  /** What is offered to be spoken in TLS. */
  protocols: readonly string[];
  /** The one kind of key that is taken; not there: any. */
  kind?: ServerKeyKind;
  signal: AbortSignal;
};

/**
 * Greets servers: by our own hello, which shows the chain as sent, and where that gets no chain from a server that
 * may take another hello, once more by the runtime's own TLS. Rejects only when a visit's `signal` says stop.
 */
export function createGreeter({ handshakeMs: deadlineMs, mostBytes }: HandshakeLimits) {
  const share = createKeyShare();

  return greet;

  async function greet(visit: Visit): Promise<Answer> {
    const first = withPeer(await handshakeByHello(visit), "own hello");
    if (!mayDoBetter(first)) return first;
    if (isAboutProtocols(first)) return handshakeWithoutProtocols(visit, first);
    const second = await handshakeByRuntime(visit);
    return second.kind === "presented" || first.kind === "odd" ? second : first;
  }

  /** Whoever speaks none of what was offered may take a hello that offers nothing. */
  async function handshakeWithoutProtocols(visit: Visit, first: Answer): Promise<Answer> {
    const connection = visit.protocols.length > 0 ? await visit.open(visit.address) : null;
    if (!connection || isFailure(connection)) return first;
    return greet({ ...visit, ...connection, protocols: [] });
  }

  function handshakeByHello({ stream, serverName, protocols, kind, signal }: Visit): Promise<Answer> {
    const hello = kind
      ? writeKindHello(kind, { serverName, share: share.publicKey, protocols })
      : writeHello(serverName, share.publicKey, protocols);
    const reader = new GreetingReader({
      mostBytes,
      followsRetry: false,
      asksForTimestamps: true,
      secretOf: ({ suite, share: theirs }, message) => {
        if (theirs?.group !== X25519) return null;
        return deriveServerSecret(share, { suite, key: theirs.key }, [hello.message, message]);
      },
    });
    return exchange(stream, hello.record, reader, { deadlineMs, signal });
  }

  async function handshakeByRuntime({ address, open, signal, ...asked }: Visit): Promise<Answer> {
    const connection = await open(address);
    if (isFailure(connection)) return { kind: "reset", hasHeard: false };
    return handshakeInFull(connection.stream, asked, { deadlineMs, mostBytes, signal });
  }
}

/** Alerts that another way of shaking hands would not change. */
const FINAL_ALERTS = new Set(["unrecognized_name", "access_denied"]);

const isAboutProtocols = (answer: Answer): boolean =>
  answer.kind === "alert" && answer.name === "no_application_protocol";

/** A server that refused our hello, or fell silent at it, may take another one. */
function mayDoBetter(answer: Answer): boolean {
  if (answer.kind === "alert") return !FINAL_ALERTS.has(answer.name);
  if (answer.kind === "closed" || answer.kind === "reset") return !answer.hasHeard;
  return answer.kind === "odd";
}

/** Reads a stream piece by piece; `null` while more of it is needed. It never throws. */
type Reader<Heard> = {
  take(piece: Uint8Array): Heard | null;
  /** What the pieces come to when there are no more of them. */
  end(): Heard | null;
  readonly hasHeard: boolean;
};

/** `deadlineMs` is absolute: a drip of bytes does not move it. */
type ExchangeLimits = { deadlineMs: number; signal: AbortSignal };

/** Sends a hello and reads the answer to it; the stream is spent afterwards. Rejects only when `signal` says stop. */
export function exchange<Heard>(
  stream: Duplex,
  hello: Uint8Array,
  reader: Reader<Heard>,
  { deadlineMs, signal }: ExchangeLimits,
): Promise<Heard | Silence> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard | Silence>();
  const silence = (kind: Silence["kind"]) => resolve(reader.end() ?? { kind, hasHeard: reader.hasHeard });
  const stop = () => reject(signal.reason);
  const timer = setTimeout(() => silence("timed-out"), deadlineMs);

  const take = (piece: Uint8Array) => {
    const heard = reader.take(piece);
    if (heard) resolve(heard);
  };
  const reset = () => silence("reset");
  const close = () => silence("closed");

  const ignore = onAbort(signal, stop);
  stream.on("data", take).on("error", reset).on("end", close).on("close", close);
  if (signal.aborted) stop();
  else if (stream.destroyed) silence("reset");
  else {
    // A way leaves it paused.
    stream.resume();
    stream.write(hello);
  }

  return promise.finally(() => {
    clearTimeout(timer);
    ignore();
    stream.off("data", take).off("error", reset).off("end", close).off("close", close);
    stream.on("error", ignoreLateError).destroy();
  });
}
