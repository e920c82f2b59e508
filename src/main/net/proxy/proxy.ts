import type { Duplex } from "node:stream";
import { connectToFirst, type Failure, findAddresses, isFailure } from "#net/tcp-connect.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Outcome } from "#shared/model/hosts/probe.ts";
import {
  type Credentials,
  type Ending,
  type Negotiation,
  negotiate,
  negotiateConnect,
  negotiateSocks5,
  type ProxyAnswer,
  type ProxyDestination,
} from "./proxy-protocols.ts";

export type ProxyAddress = ProxyDestination & { kind: "socks5" | "http"; credentials: Credentials | null };

/** A route to endpoints through a proxy or a host, which resolves their names. */
export type ProxyRoute = {
  /** A short name for people, without any secret. */
  name: string;
  /** A paused stream to a destination; or why there is none. Rejects only when `signal` aborts. */
  reach: (to: ProxyDestination, signal: AbortSignal) => Promise<{ stream: Duplex } | Failure>;
};

type Limits = {
  /** For resolving the proxy's name, and again for connecting to it. */
  connectMs: number;
  /** From the connection to its last answer: meanwhile it connects to the endpoint. */
  answerMs: number;
};

const LIMITS: Limits = { connectMs: 3_000, answerMs: 10_000 };

/** More than any proxy sends before it lets us through. */
const MOST_BYTES = 16 * 1024;

const NEGOTIATIONS: Record<
  ProxyAddress["kind"],
  (to: ProxyDestination, credentials: Credentials | null) => Negotiation<ProxyAnswer>
> = {
  socks5: negotiateSocks5,
  http: negotiateConnect,
};

/** A route through a proxy, with one connection for each stream. What the proxy says is reported as its own words. */
export function createProxyRoute(proxy: ProxyAddress, overrides: Partial<Limits> = {}): ProxyRoute {
  const limits = { ...LIMITS, ...overrides };
  const name = formatProxy(proxy);

  return {
    name,
    async reach(to, signal) {
      const timing = { timeoutMs: limits.connectMs, signal };
      const addresses = await findAddresses(proxy.host, timing);
      if (isFailure(addresses)) return toProxyFailure(name, addresses);
      const connection = await connectToFirst(addresses, proxy.port, timing);
      if (isFailure(connection)) return toProxyFailure(name, connection);
      const stream = connection.socket;
      const within = { deadlineMs: limits.answerMs, mostBytes: MOST_BYTES, signal };
      const failure = await negotiate(stream, NEGOTIATIONS[proxy.kind](to, proxy.credentials), within).then(
        (held) =>
          "result" in held ? toRefusedFailure(name, to, held.result) : toEndingFailure(name, held, limits),
        (reason) => {
          stream.destroy();
          throw reason;
        },
      );
      if (failure === null) return { stream };
      stream.destroy();
      return failure;
    },
  };
}

const formatProxy = ({ kind, host, port }: ProxyAddress): string =>
  `${kind}://${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Why a proxy did not lead to an endpoint: worded so that nobody confuses the two. */

const failed = (message: string): Failure => ({ outcome: "proxy-failed", message });

/** The proxy itself could not be reached. */
const toProxyFailure = (proxy: string, { message, transient }: Failure): Failure => ({
  ...failed(`the proxy ${proxy} could not be reached: ${message}`),
  ...(transient && { transient }),
});

/** The proxy ended the negotiation without an answer, or did not answer in time. */
function toEndingFailure(proxy: string, { kind, received }: Ending, limits: { answerMs: number }): Failure {
  switch (kind) {
    case "closed":
      return failed(`the proxy ${proxy} closed the connection without an answer${formatReceived(received)}`);
    case "timed-out":
      return failed(
        `the proxy ${proxy} did not lead through within ${limits.answerMs / 1_000} seconds${formatReceived(received)}`,
      );
    case "flooded":
      return failed(`the proxy ${proxy} said more than any answer has; is it a proxy of this kind?`);
    default:
      return assertNever(kind);
  }
}

/** Null if it let us through. */
function toRefusedFailure(proxy: string, to: ProxyDestination, said: ProxyAnswer): Failure | null {
  const destination = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  switch (said.kind) {
    case "open":
      return null;
    case "login-required":
      return failed(`the proxy ${proxy} wants a login; name the user in its address, as user@host:port`);
    case "login-refused":
      return failed(`the proxy ${proxy} refused the login; is the password right?`);
    case "refused-by-proxy":
      return failed(`the proxy ${proxy} opened no connection to ${destination}: ${quote(said.said)}`);
    case "unreached":
      return {
        outcome: OUTCOMES[said.why],
        message: `the proxy ${proxy} could not reach ${destination}: ${quote(said.said)}`,
      };
    case "garbage":
      return failed(`what answers at ${proxy} is no proxy of this kind${formatReceived(said.received)}`);
    default:
      return assertNever(said);
  }
}

const OUTCOMES: Record<Extract<ProxyAnswer, { kind: "unreached" }>["why"], Outcome> = {
  refused: "refused",
  "no-route": "timed-out",
  "no-such-name": "no-such-name",
  "timed-out": "timed-out",
};

/** The beginning of what was received, without anything that a terminal would interpret. */
function formatReceived(received: Buffer): string {
  if (received.length === 0) return "";
  const [line = ""] = received
    .subarray(0, 60)
    .toString("latin1")
    .split(/[\r\n]/);
  return `: it said ${quote(line)}`;
}

/** A stranger's text, as one line of plain ASCII. */
const quote = (said: string): string => `"${said.slice(0, 120).replace(/[^\x20-\x7e]/g, "?")}"`;
