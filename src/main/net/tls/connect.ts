import { connect as connectTo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectError, type Failure, isFailure, readConnectError } from "#net/connect-failure.ts";
import { onAbort } from "#net/on-abort.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { startTls } from "./starttls/start-tls.ts";

type Connected = { socket: Socket; address: string };

/** How long an address is waited for before the next is tried beside it. */
const STAGGER_MS = 250;

/**
 * Connects to the first address that answers. The next is tried when one has failed, or has not answered
 * for a quarter of a second; each has `timeoutMs`. Rejects only when `signal` says stop.
 */
export function connectToFirst(
  addresses: readonly string[],
  port: number,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Connected | Failure> {
  const { promise, resolve, reject } = Promise.withResolvers<Connected | Failure>();
  const pending = new Set<Socket>();
  const failures: Failure[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let next = 0;

  const finish = (settle: () => void, winner?: Socket) => {
    for (const timer of timers) clearTimeout(timer);
    for (const socket of pending) if (socket !== winner) socket.destroy();
    pending.clear();
    next = addresses.length;
    ignore();
    settle();
  };
  const stop = () => finish(() => reject(signal.reason));
  const after = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };

  const tryNext = () => {
    const address = addresses[next++];
    if (address === undefined) return;
    const socket = connectTo({ host: address, port, noDelay: true });
    pending.add(socket);
    const fail = (failure: Failure) => {
      if (!pending.delete(socket)) return;
      socket.destroy();
      failures.push(failure);
      if (next < addresses.length) tryNext();
      else if (pending.size === 0) finish(() => resolve(chooseFailure(failures)));
    };
    const failWith = (error: ConnectError) => fail(readConnectError(error, port));
    socket.once("error", failWith);
    // Stays for the socket's whole life: an error that comes late has its say elsewhere.
    socket.on("error", ignoreLateError);
    socket.once("connect", () => {
      socket.off("error", failWith);
      if (pending.has(socket)) finish(() => resolve({ socket, address }), socket);
    });
    after(timeoutMs, () =>
      fail({ outcome: "timed-out", message: `nothing answered on port ${port} ${within(timeoutMs)}` }),
    );
    if (next < addresses.length) after(STAGGER_MS, tryNext);
  };

  const ignore = onAbort(signal, stop);
  if (signal.aborted) stop();
  else tryNext();
  return promise;
}

export const within = (ms: number): string => `within ${ms / 1000} seconds`;

/** A refusal says more than silence: somebody is there. Otherwise what was waited for longest says most. */
function chooseFailure(failures: readonly Failure[]): Failure {
  const refused = failures.find(({ outcome }) => outcome === "refused");
  return (
    refused ??
    failures.at(-1) ?? { outcome: "no-such-name", message: "the name has no address; is it spelled right?" }
  );
}

/** A connection to an endpoint. `address` null: only whoever leads there knows it. */
export type OpenedStream = { stream: Duplex; address: string | null };

/** Where an endpoint is: at addresses that are known here, or behind a way. */
export type Whereabouts = { addresses: readonly string[] } | { way: Way };

type Options = {
  /** To connect to an address. */
  connectMs: number;
  /** For what is said before TLS. */
  dialogueMs: number;
  signal: AbortSignal;
};

/** The one place where connections to an endpoint come from, the first and whatever is asked beside it. */
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
  where: Whereabouts,
  { connectMs, dialogueMs, signal }: Options,
): Opener {
  return {
    connect: () => ("way" in where ? through(where.way) : at(where.addresses)),
    prepare,
    async again(address) {
      const connected = "way" in where ? await through(where.way) : await at(address ? [address] : []);
      return isFailure(connected) ? connected : prepare(connected);
    },
  };

  async function at(addresses: readonly string[]): Promise<OpenedStream | Failure> {
    const connected = await connectToFirst(addresses, target.port, { timeoutMs: connectMs, signal });
    return isFailure(connected) ? connected : { stream: connected.socket, address: connected.address };
  }

  async function through({ reach }: Way): Promise<OpenedStream | Failure> {
    const reached = await reach(target, signal);
    return isFailure(reached) ? reached : { stream: reached.stream, address: null };
  }

  async function prepare({ stream, address }: OpenedStream): Promise<OpenedStream | Failure> {
    const ready = await startTls(stream, target, { deadlineMs: dialogueMs, signal });
    return isFailure(ready) ? ready : { stream: ready, address };
  }
}

/**
 * Hears the errors of a stream that is spent. Node 24 keeps whatever can be written to until old memory is collected, with
 * all that its listeners know; this one knows nothing.
 */
export const ignoreLateError = (): void => undefined;

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
