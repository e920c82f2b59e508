import type { Duplex } from "node:stream";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import { findAddresses } from "#net/find-addresses.ts";
import { connectToFirst } from "#net/tls/connect.ts";
import { hold, type Negotiation } from "./dialogue.ts";
import { askConnect } from "./http-connect.ts";
import type { Credentials, Place, Said } from "./said.ts";
import { formatEnding, formatProxyFailed, formatRefused } from "./say-proxy.ts";
import { askSocks5 } from "./socks5.ts";

export type ProxyPlace = Place & { kind: "socks5" | "http"; credentials: Credentials | null };

/** A way to endpoints that leads through something else, which knows their names. */
export type Way = {
  /** In a few words, for people; without a secret. */
  name: string;
  /** A stream to a place, paused; or why there is none. Rejects only when `signal` says stop. */
  reach: (to: Place, signal: AbortSignal) => Promise<{ stream: Duplex } | Failure>;
};

type Limits = {
  /** To find the proxy, and again to connect to it. */
  connectMs: number;
  /** From the connection to its last answer: meanwhile it connects to the endpoint. */
  answerMs: number;
};

const LIMITS: Limits = { connectMs: 3_000, answerMs: 10_000 };

/** More than any proxy says before it lets us through. */
const MOST_BYTES = 16 * 1024;

const ASK: Record<ProxyPlace["kind"], (to: Place, credentials: Credentials | null) => Negotiation<Said>> = {
  socks5: askSocks5,
  http: askConnect,
};

/** Through a proxy, one connection to it for each stream. What it says is taken at its word, and is told as its own. */
export function createProxyWay(proxy: ProxyPlace, wish: Partial<Limits> = {}): Way {
  const limits = { ...LIMITS, ...wish };
  const name = formatProxy(proxy);

  return {
    name,
    async reach(to, signal) {
      const timing = { timeoutMs: limits.connectMs, signal };
      const addresses = await findAddresses(proxy.host, timing);
      if (isFailure(addresses)) return formatProxyFailed(name, addresses);
      const connection = await connectToFirst(addresses, proxy.port, timing);
      if (isFailure(connection)) return formatProxyFailed(name, connection);
      const stream = connection.socket;
      const within = { deadlineMs: limits.answerMs, mostBytes: MOST_BYTES, signal };
      const failure = await hold(stream, ASK[proxy.kind](to, proxy.credentials), within).then(
        (held) =>
          "result" in held ? formatRefused(name, to, held.result) : formatEnding(name, held, limits),
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

const formatProxy = ({ kind, host, port }: ProxyPlace): string =>
  `${kind}://${host.includes(":") ? `[${host}]` : host}:${port}`;
