import { lookup } from "node:dns/promises";
import { connect as connectTo, isIP, isIPv6, type Socket } from "node:net";
import { hostname } from "node:os";
import type { Outcome } from "#shared/model/hosts/probe.ts";
import { Slots } from "./connection-limiter.ts";
import { onAbort } from "./tasks.ts";

/** Why there is no connection, as an outcome and a sentence. */
export type Failure = {
  outcome: Outcome;
  message: string;
  /** This computer had no descriptor or port left; a retry may find one. */
  transient?: "no-descriptor";
  /** How the other end broke the connection off without an error message. */
  closedBy?: ClosedBy;
};

/** When a connection broke: at first, in the STARTTLS negotiation, or in the handshake. `midway`: after some data. */
export type ClosedBy =
  | "reset-at-first"
  | "reset-before-tls"
  | "closed-before-tls"
  | "closed-midway-before-tls"
  | "reset"
  | "closed"
  | "closed-midway";

export const isFailure = (result: object): result is Failure => "outcome" in result;

/** A connection that was never made. */
type NotConnected = Failure & { outcome: "refused" | "reset" | "timed-out" };

type ConnectError = { code?: string | undefined; address?: string | undefined };

/** For SSH and TLS. EADDRNOTAVAIL for an IPv6 address: this computer has none to come from; else: no port left. */
export function readConnectError(
  { code = "unknown", address = "" }: ConnectError,
  port: number,
): NotConnected {
  switch (code === "EADDRNOTAVAIL" && isIPv6(address) ? "ENETUNREACH" : code) {
    case "ECONNREFUSED":
      return { outcome: "refused", message: `the connection was refused: nothing listens on port ${port}` };
    case "ECONNRESET":
    case "EPIPE":
      return {
        outcome: "reset",
        message: "the connection was reset before it stood",
        closedBy: "reset-at-first",
      };
    case "ETIMEDOUT":
      return { outcome: "timed-out", message: `nothing answered on port ${port}` };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return {
        outcome: "timed-out",
        message: `there is no way to it from here (${code}); is it on, and is the route right?`,
      };
    case "EMFILE":
    case "ENFILE":
    case "EADDRNOTAVAIL":
      return {
        outcome: "timed-out",
        message: `this computer has no free connection left (${code}); scan fewer targets at a time`,
        transient: "no-descriptor",
      };
    default:
      return { outcome: "refused", message: `the connection could not be made (${code})` };
  }
}

type Options = {
  /** The time to answer in, from the request on. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Gets the wait for a slot, and awaits it: so that the caller can leave it out of its own timing. */
  waitApart?: (wait: () => Promise<() => void>) => Promise<() => void>;
};

type ResolveName = (host: string) => Promise<readonly { address: string }[]>;

/** Most addresses of a name that are tried. */
const MOST_ADDRESSES = 8;

/**
 * Names that this process resolves at a time, for all callers. The runtime uses a pool of 96 threads, which files and
 * ciphers need as well, and a request that waits for a thread has not been sent yet.
 */
const AT_ONCE = 64;

export const findAddresses = createAddressFinder(AT_ONCE, (host) => lookup(host, { all: true }));

/**
 * An abandoned look-up goes on in its thread until the system gives up; only then is another begun. The wait for a slot
 * does not count against the timeout.
 */
export function createAddressFinder(atOnce: number, resolveName: ResolveName) {
  const slots = new Slots(atOnce);

  /**
   * The addresses of a host, at most eight, in the order to try them. A name that leads to this computer is not
   * followed: otherwise whoever answers for the name, not the user, would choose what is probed from here. Rejects only
   * when `signal` aborts.
   */
  return async function find(
    host: string,
    { timeoutMs, signal, waitApart = (wait) => wait() }: Options,
  ): Promise<string[] | Failure> {
    if (isIP(host.replace(/%.*$/, "")) !== 0) return [host];
    const release = await waitApart(() => slots.acquire(signal));
    const { promise: late, resolve } = Promise.withResolvers<Failure>();
    const message = "its name could not be resolved: the name server did not answer in time";
    const timer = setTimeout(() => resolve({ outcome: "timed-out", message }), timeoutMs);
    const found = resolveName(host)
      .finally(release)
      .then(
        (addresses) => choose(host, [...new Set(addresses.map(({ address }) => address))]),
        ({ code }: NodeJS.ErrnoException): Failure => ({
          outcome: "no-such-name",
          message: formatNoName(code),
        }),
      );
    return Promise.race([found, late]).finally(() => clearTimeout(timer));
  };
}

function choose(host: string, addresses: string[]): string[] | Failure {
  const elsewhere = isThisComputer(host) ? addresses : addresses.filter((address) => !LOOPBACK.test(address));
  if (elsewhere.length > 0 || addresses.length === 0) return elsewhere.slice(0, MOST_ADDRESSES);
  const message = `the name leads to this computer (${addresses[0]}), which is probed only on request: as localhost, or by that address`;
  return { outcome: "no-such-name", message };
}

/** Loopback, and the addresses that mean "any" and reach this computer as well. */
const LOOPBACK = /^(127\.|0\.|::1$|::$|::ffff:(127|0)\.)/i;

const isThisComputer = (host: string): boolean =>
  /^(.+\.)?localhost\.?$/i.test(host) || host.toLowerCase() === hostname().toLowerCase();

function formatNoName(code = "unknown"): string {
  if (code === "ENOTFOUND" || code === "ENODATA") return "the name has no address; is it spelled right?";
  return `its name could not be resolved (${code}); does this computer reach its name server?`;
}

type Connected = { socket: Socket; address: string };

/** How long to wait for an address before the next is tried in parallel. */
const STAGGER_MS = 250;

/**
 * Connects to the first address that answers. The next is tried when one has failed, or has not answered for a quarter
 * of a second; each has `timeoutMs`. Rejects only when `signal` aborts.
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
    // Stays for the socket's whole life: without a listener, a late error would be thrown.
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

/** A refusal says more than silence: a host is there. Otherwise the address that was awaited longest is reported. */
function chooseFailure(failures: readonly Failure[]): Failure {
  const refused = failures.find(({ outcome }) => outcome === "refused");
  return (
    refused ??
    failures.at(-1) ?? { outcome: "no-such-name", message: "the name has no address; is it spelled right?" }
  );
}

/**
 * Ignores the errors of a stream that is no longer used. Node 24 keeps every writable stream until old memory is
 * collected, with all that its listeners reference; this one references nothing.
 */
export const ignoreLateError = (): void => undefined;
