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

/** A connection to an endpoint. `address` null: only the proxy knows it. */
export type OpenedStream = { stream: Duplex; address: string | null };

/** Where an endpoint is: at addresses that are known here, or behind a proxy. */
export type EndpointRoute = { addresses: readonly string[] } | { proxy: ProxyRoute };

type Options = {
  /** For connecting to an address. */
  connectMs: number;
  /** For the STARTTLS negotiation. */
  negotiationMs: number;
  signal: AbortSignal;
};

/** Opens all connections to an endpoint, the first and the later ones. */
export type Opener = {
  connect: () => Promise<OpenedStream | Failure>;
  /** Makes a connection ready for a hello: runs the STARTTLS negotiation. */
  prepare: (connected: OpenedStream) => Promise<OpenedStream | Failure>;
  /** `connect` and `prepare`, at the address of the first connection if one is known. */
  again: (address: string | null) => Promise<OpenedStream | Failure>;
};

/** None of these rejects unless `signal` aborts. */
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

/** A stopwatch that does not count the time spent in a queue. */
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
  /** Ready for a hello; no use after the handshake. */
  stream: OpenedStream["stream"];
  open: Opener["again"];
  serverName: string | null;
  /** Offered by ALPN. */
  protocols: readonly string[];
  /** The one kind of server key that is accepted; missing: any. */
  kind?: ServerKeyKind;
  signal: AbortSignal;
};

/**
 * Handshakes with servers: first by our own hello, which shows the chain as sent. If that brings no chain and the
 * server may accept another hello, once more by the runtime's own TLS. Rejects only when a request's `signal` aborts.
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

  /** A server that speaks none of the offered protocols may accept a hello without ALPN. */
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

/** Alerts that a different hello would bring again. */
const FINAL_ALERTS = new Set(["unrecognized_name", "access_denied"]);

const isAboutProtocols = (answer: Answer): boolean =>
  answer.kind === "alert" && answer.name === "no_application_protocol";

/** A server that refused our hello, or did not answer it, may accept a different one. */
function mayDoBetter(answer: Answer): boolean {
  if (answer.kind === "alert") return !FINAL_ALERTS.has(answer.name);
  if (answer.kind === "closed" || answer.kind === "reset") return !answer.hasReceived;
  return answer.kind === "odd";
}

/** Reads a stream piece by piece; `null` while more of it is needed. It never throws. */
type Reader<Reply> = {
  take(piece: Uint8Array): Reply | null;
  /** The result when the stream has ended. */
  end(): Reply | null;
  readonly hasReceived: boolean;
};

/** `deadlineMs` is for the whole exchange: a trickle of bytes does not move it. */
type ExchangeLimits = { deadlineMs: number; signal: AbortSignal };

/** Sends a hello and reads the answer; the stream is of no use afterwards. Rejects only when `signal` aborts. */
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
    // A proxy hands it over paused.
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
