import type { Duplex } from "node:stream";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { onAbort } from "#net/tasks.ts";
import { connectToFirst, type Failure, ignoreLateError, isFailure } from "#net/tcp-connect.ts";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { handshakeInFull, withPeer } from "./full-handshake.ts";
import { writeHello, writeKindHello } from "./hello.ts";
import { X25519 } from "./messages.ts";
import { createKeyShare, deriveServerSecret } from "./record-protection.ts";
import { type Answer, ServerFlightReader, type Silence } from "./server-flight-reader.ts";
import { startTls } from "./starttls/start-tls.ts";

/** A connection to an endpoint. `address` null: only whoever leads there knows it. */
export type OpenedStream = { stream: Duplex; address: string | null };

/** Where an endpoint is: at addresses that are known here, or behind a proxy. */
export type EndpointRoute = { addresses: readonly string[] } | { proxy: ProxyRoute };

type Options = {
  /** To connect to an address. */
  connectMs: number;
  /** For the STARTTLS negotiation. */
  negotiationMs: number;
  signal: AbortSignal;
};

/** The one place where connections to an endpoint come from, the first and every later one. */
export type Opener = {
  connect: () => Promise<OpenedStream | Failure>;
  /** Makes a connection ready for a hello. */
  prepare: (connected: OpenedStream) => Promise<OpenedStream | Failure>;
  /** Both, at the address where the first was, if one is known. */
  again: (address: string | null) => Promise<OpenedStream | Failure>;
};

/** None of these rejects but when `signal` says stop. */
export function createOpener(
  target: TlsTarget,
  where: EndpointRoute,
  { connectMs, negotiationMs, signal }: Options,
): Opener {
  return {
    connect: () => ("proxy" in where ? through(where.proxy) : at(where.addresses)),
    prepare,
    async again(address) {
      const connected = "proxy" in where ? await through(where.proxy) : await at(address ? [address] : []);
      return isFailure(connected) ? connected : prepare(connected);
    },
  };

  async function at(addresses: readonly string[]): Promise<OpenedStream | Failure> {
    const connected = await connectToFirst(addresses, target.port, { timeoutMs: connectMs, signal });
    return isFailure(connected) ? connected : { stream: connected.socket, address: connected.address };
  }

  async function through({ reach }: ProxyRoute): Promise<OpenedStream | Failure> {
    const reached = await reach(target, signal);
    return isFailure(reached) ? reached : { stream: reached.stream, address: null };
  }

  async function prepare({ stream, address }: OpenedStream): Promise<OpenedStream | Failure> {
    const ready = await startTls(stream, target, { deadlineMs: negotiationMs, signal });
    return isFailure(ready) ? ready : { stream: ready, address };
  }
}

export type Stopwatch = ReturnType<typeof createStopwatch>;

/** Measures, but not the time that was spent waiting in a queue. */
export function createStopwatch() {
  const startedAt = performance.now();
  let waitedMs = 0;
  return {
    read: () => performance.now() - startedAt - waitedMs,
    async without<T>(wait: () => Promise<T>): Promise<T> {
      const from = performance.now();
      const result = await wait();
      waitedMs += performance.now() - from;
      return result;
    },
  };
}

type HandshakeLimits = { handshakeMs: number; mostBytes: number };

type HandshakeRequest = OpenedStream & {
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
 * Handshakes with servers: by our own hello, which shows the chain as sent, and where that gets no chain from a server that
 * may take another hello, once more by the runtime's own TLS. Rejects only when a request's `signal` says stop.
 */
export function createHandshake({ handshakeMs: deadlineMs, mostBytes }: HandshakeLimits) {
  const share = createKeyShare();

  return handshake;

  async function handshake(request: HandshakeRequest): Promise<Answer> {
    const first = withPeer(await handshakeByHello(request), "own hello");
    if (!mayDoBetter(first)) return first;
    if (isAboutProtocols(first)) return handshakeWithoutProtocols(request, first);
    const second = await handshakeByRuntime(request);
    return second.kind === "presented" || first.kind === "odd" ? second : first;
  }

  /** Whoever speaks none of what was offered may take a hello that offers nothing. */
  async function handshakeWithoutProtocols(request: HandshakeRequest, first: Answer): Promise<Answer> {
    const connection = request.protocols.length > 0 ? await request.open(request.address) : null;
    if (!connection || isFailure(connection)) return first;
    return handshake({ ...request, ...connection, protocols: [] });
  }

  function handshakeByHello({
    stream,
    serverName,
    protocols,
    kind,
    signal,
  }: HandshakeRequest): Promise<Answer> {
    const hello = kind
      ? writeKindHello(kind, { serverName, share: share.publicKey, protocols })
      : writeHello(serverName, share.publicKey, protocols);
    const reader = new ServerFlightReader({
      mostBytes,
      followsRetry: false,
      requestsTimestamps: true,
      secretOf: ({ suite, share: theirs }, message) => {
        if (theirs?.group !== X25519) return null;
        return deriveServerSecret(share, { suite, key: theirs.key }, [hello.message, message]);
      },
    });
    return exchange(stream, hello.record, reader, { deadlineMs, signal });
  }

  async function handshakeByRuntime({
    address,
    open,
    signal,
    ...options
  }: HandshakeRequest): Promise<Answer> {
    const connection = await open(address);
    if (isFailure(connection)) return { kind: "reset", hasReceived: false };
    return handshakeInFull(connection.stream, options, { deadlineMs, mostBytes, signal });
  }
}

/** Alerts that another kind of hello would not change. */
const FINAL_ALERTS = new Set(["unrecognized_name", "access_denied"]);

const isAboutProtocols = (answer: Answer): boolean =>
  answer.kind === "alert" && answer.name === "no_application_protocol";

/** A server that refused our hello, or fell silent at it, may take another one. */
function mayDoBetter(answer: Answer): boolean {
  if (answer.kind === "alert") return !FINAL_ALERTS.has(answer.name);
  if (answer.kind === "closed" || answer.kind === "reset") return !answer.hasReceived;
  return answer.kind === "odd";
}

/** Reads a stream piece by piece; `null` while more of it is needed. It never throws. */
type Reader<Reply> = {
  take(piece: Uint8Array): Reply | null;
  /** What the pieces come to when there are no more of them. */
  end(): Reply | null;
  readonly hasReceived: boolean;
};

/** `deadlineMs` is absolute: a drip of bytes does not move it. */
type ExchangeLimits = { deadlineMs: number; signal: AbortSignal };

/** Sends a hello and reads the answer to it; the stream is spent afterwards. Rejects only when `signal` says stop. */
export function exchange<Reply>(
  stream: Duplex,
  hello: Uint8Array,
  reader: Reader<Reply>,
  { deadlineMs, signal }: ExchangeLimits,
): Promise<Reply | Silence> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply | Silence>();
  const silence = (kind: Silence["kind"]) =>
    resolve(reader.end() ?? { kind, hasReceived: reader.hasReceived });
  const stop = () => reject(signal.reason);
  const timer = setTimeout(() => silence("timed-out"), deadlineMs);

  const take = (piece: Uint8Array) => {
    const received = reader.take(piece);
    if (received) resolve(received);
  };
  const reset = () => silence("reset");
  const close = () => silence("closed");

  const ignore = onAbort(signal, stop);
  stream.on("data", take).on("error", reset).on("end", close).on("close", close);
  if (signal.aborted) stop();
  else if (stream.destroyed) silence("reset");
  else {
    // A proxy leaves it paused.
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
