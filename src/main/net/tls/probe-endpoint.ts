import { domainToASCII } from "node:url";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import { findAddresses } from "#net/find-addresses.ts";
import { Slots, SlotsByKey } from "#net/slots.ts";
import type { Outcome } from "#shared/model/probe.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/target.ts";
import { type Connected, connectToFirst } from "./connect.ts";
import { createGreeter } from "./greet.ts";
import { sayAnswer } from "./say-answer.ts";

type Limits = {
  /** To resolve a name, and again to connect to an address of it. */
  connectMs: number;
  /** From the hello to the certificates, whatever trickles in meanwhile. */
  handshakeMs: number;
  /** Connections that may be waited for at a time: those to dead addresses cost nothing but time. */
  connects: number;
  /** Connections to one address and port at a time: nginx closes some of them beyond 512. */
  connectsPerServer: number;
  /** Handshakes at a time. */
  handshakes: number;
  /** A handshake that takes longer keeps its deadline, but no longer keeps others waiting. */
  yieldMs: number;
  /** A first flight beyond so many bytes is not read. */
  mostBytes: number;
};

const LIMITS: Limits = {
  connectMs: 3_000,
  handshakeMs: 5_000,
  connects: 2_048,
  connectsPerServer: 100,
  handshakes: 64,
  yieldMs: 500,
  mostBytes: 512 * 1024,
};

/** `chain` is exact DER as sent, order and duplicates kept; empty unless the outcome is `presented`. */
export type EndpointReading = {
  outcome: Outcome;
  /** A sentence: what happened and what to do; empty when a chain was presented. */
  message: string;
  chain: Uint8Array[];
  facts: Record<string, string>;
  /** Without the time that it waited for its turn. */
  tookMs: number;
  passing?: Failure["passing"];
};

export type TlsProber = ReturnType<typeof createTlsProber>;

/** Greets endpoints over TLS and reads the chains they present, many at a time. Nothing is judged here. */
export function createTlsProber(wish: Partial<Limits> = {}) {
  const limits = { ...LIMITS, ...wish };
  const connects = new Slots(limits.connects);
  const servers = new SlotsByKey(limits.connectsPerServer);
  const handshakes = new Slots(limits.handshakes);
  const greet = createGreeter(limits);

  return {
    /** Every outcome is a value; rejects only when `signal` says stop. */
    probeEndpoint: async (target: TlsTarget, signal: AbortSignal): Promise<EndpointReading> => {
      const watch = createStopwatch();
      const result = await visit(target, signal, watch);
      return { chain: [], facts: {}, ...result, tookMs: watch.read() };
    },
  };

  async function visit(target: TlsTarget, signal: AbortSignal, watch: Stopwatch) {
    const held: (() => void)[] = [];
    const hold = (giveBack: () => void) => {
      held.push(giveBack);
      signal.throwIfAborted();
      return giveBack;
    };
    try {
      const endConnecting = hold(await watch.without(() => connects.take()));
      const finding = { timeoutMs: limits.connectMs, signal, waitApart: watch.without };
      const addresses = await findAddresses(target.host, finding);
      if (isFailure(addresses)) return addresses;
      hold(await watch.without(() => servers.take(`${addresses[0]} ${target.port}`)));
      const connecting = { timeoutMs: limits.connectMs, signal };
      const connection = await connectToFirst(addresses, target.port, connecting);
      endConnecting();
      // Awaited here, so that the turn lasts as long.
      return isFailure(connection) ? connection : await shakeHands(connection, target, { signal, watch });
    } finally {
      for (const giveBack of held.toReversed()) giveBack();
    }
  }

  async function shakeHands(
    { socket, address }: Connected,
    target: TlsTarget,
    { signal, watch }: { signal: AbortSignal; watch: Stopwatch },
  ) {
    const giveBack = await watch.without(() => handshakes.take());
    const timer = setTimeout(giveBack, limits.yieldMs);
    try {
      const serverName = toServerName(target);
      const answer = await greet({ socket, address, port: target.port, serverName, signal });
      if (answer.kind !== "presented") return sayAnswer(answer, limits);
      return {
        outcome: "presented" as const,
        message: "",
        chain: answer.chain,
        facts: { ...answer.facts, address },
      };
    } finally {
      clearTimeout(timer);
      giveBack();
      socket.destroy();
    }
  }
}

/** Names beyond ASCII are sent in their ASCII form; one that has none is not sent. */
function toServerName(target: TlsTarget): string | null {
  const name = serverNameOf(target);
  return (name && domainToASCII(name)) || null;
}

type Stopwatch = ReturnType<typeof createStopwatch>;

/** Measures, but not the time that was spent waiting in a queue. */
function createStopwatch() {
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
