import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { Failure } from "./connect-failure.ts";
import { Slots } from "./connection-limiter.ts";

type Options = {
  /** To answer in, from when the name is asked for. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Is handed the wait for a turn, and waits: for who measures time. */
  waitApart?: (wait: () => Promise<() => void>) => Promise<() => void>;
};

type AskForName = (host: string) => Promise<readonly { address: string }[]>;

/** Addresses of a name that are tried. */
const MOST_ADDRESSES = 8;

/**
 * Names that this process looks up at a time, for whomever: the runtime does it in a pool of 96 threads, which files
 * and ciphers need as well, and what waits for a thread has not been asked yet.
 */
const AT_ONCE = 64;

export const findAddresses = createAddressFinder(AT_ONCE, (host) => lookup(host, { all: true }));

/**
 * A look-up that was given up goes on in its thread, until the system gives it up too; only then is another begun in
 * its place. The wait for a place counts against no name.
 */
export function createAddressFinder(atOnce: number, askForName: AskForName) {
  const slots = new Slots(atOnce);

  /**
   * The addresses of a host, at most eight, in the order in which they are to be tried. A name that leads to this
   * computer is not followed: whoever answers for the name, not the user, would choose what is visited here. Rejects
   * only when `signal` says stop.
   */
  return async function find(
    host: string,
    { timeoutMs, signal, waitApart = (wait) => wait() }: Options,
  ): Promise<string[] | Failure> {
    if (isIP(host.replace(/%.*$/, "")) !== 0) return [host];
    const giveBack = await waitApart(() => slots.take(signal));
    const { promise: late, resolve } = Promise.withResolvers<Failure>();
    const message = "its name could not be resolved: the name server did not answer in time";
    const timer = setTimeout(() => resolve({ outcome: "timed-out", message }), timeoutMs);
    const found = askForName(host)
      .finally(giveBack)
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
  const message = `the name leads to this computer (${addresses[0]}), which is visited only when it is asked for: as localhost, or by that address`;
  return { outcome: "no-such-name", message };
}

/** Loopback, and the addresses that mean "any" and reach it as well. */
const LOOPBACK = /^(127\.|0\.|::1$|::$|::ffff:(127|0)\.)/i;

const isThisComputer = (host: string): boolean =>
  /^(.+\.)?localhost\.?$/i.test(host) || host.toLowerCase() === hostname().toLowerCase();

function formatNoName(code = "unknown"): string {
  if (code === "ENOTFOUND" || code === "ENODATA") return "the name has no address; is it spelled right?";
  return `its name could not be resolved (${code}); does this computer reach its name server?`;
}
