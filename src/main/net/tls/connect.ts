import type { Duplex } from "node:stream";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import { connectToFirst } from "#net/connect-to-first.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { startTls } from "./starttls/start-tls.ts";

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
