import { connect as connectTo, type Socket } from "node:net";
import { type ConnectError, type Failure, readConnectError } from "./connect-failure.ts";
import { onAbort } from "./on-abort.ts";

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

/**
 * Hears the errors of a stream that is spent. Node 24 keeps whatever can be written to until old memory is collected, with
 * all that its listeners know; this one knows nothing.
 */
export const ignoreLateError = (): void => undefined;
