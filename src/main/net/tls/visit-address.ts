import { domainToASCII } from "node:url";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import { Slots, SlotsByKey } from "#net/slots.ts";
import type { Outcome } from "#shared/model/probe.ts";
import type { ServerKeyKind } from "#shared/model/served.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/target.ts";
import { formatProtocol } from "#shared/text/protocol.ts";
import { askCapabilities } from "./ask-offers.ts";
import { createGreeter } from "./greet.ts";
import { NOTHING_BESIDE, type WireBytes } from "./greeting-reader.ts";
import { type Connected, createOpener, type Opener, type Whereabouts } from "./open-endpoint.ts";
import { formatAnswer } from "./say-answer.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";

export type Limits = {
  /** To resolve a name, and again to connect to an address of it. */
  connectMs: number;
  /** For what a protocol says before TLS; mail servers let clients wait on purpose. */
  dialogueMs: number;
  /** From the hello to the certificates, whatever trickles in meanwhile. */
  handshakeMs: number;
  /** Connections that may be waited for at a time: those to dead addresses cost nothing but time. */
  connects: number;
  /** Connections to one address and port, or to one proxy, at a time: nginx closes some of them beyond 512. */
  connectsPerServer: number;
  /** Handshakes at a time. */
  handshakes: number;
  /** A handshake that takes longer keeps its deadline, but no longer keeps others waiting. */
  yieldMs: number;
  /** A first flight beyond so many bytes is not read. */
  mostBytes: number;
};

/** What one address of an endpoint showed. */
export type AddressReading = {
  outcome: Outcome;
  /** A sentence: what happened and what to do; empty when a chain was presented. */
  message: string;
  /** Exact DER as sent, order and duplicates kept; empty unless the outcome is `presented`. */
  chain: Uint8Array[];
};

export type AddressResult = AddressReading & {
  facts: Record<string, string>;
  wire: WireBytes;
  /** What else was sent could not be read. */
  isLeafAlone?: boolean;
  passing?: Failure["passing"];
  closedBy?: Failure["closedBy"];
};

/** What came of one visit, and at which address, where that is known. `tookMs`: without waiting for its turn. */
export type Visited = { result: AddressResult; address: string | null; tookMs: number };

type Probing = {
  signal: AbortSignal;
  watch?: Stopwatch;
  onReached?: (() => void) | undefined;
  /** The one kind of key that is taken; not there: any. */
  kind?: ServerKeyKind;
};

export const NOTHING_SEEN = { chain: [], facts: {}, wire: NOTHING_BESIDE };

/** Greets an endpoint at one place, in its turn among all others that this visitor greets. */
export function createProber(limits: Limits) {
  const connects = new Slots(limits.connects);
  const servers = new SlotsByKey(limits.connectsPerServer);
  const shakeHands = createShaker(limits);
  return { visit, askInTurn };

  /** At the first of the addresses that answers, or through a way. Rejects only when `signal` says stop. */
  async function visit(
    target: TlsTarget,
    where: Whereabouts,
    { signal, watch = createStopwatch(), onReached, kind }: Probing,
  ): Promise<Visited> {
    const held: (() => void)[] = [];
    const hold = (giveBack: () => void) => {
      held.push(giveBack);
      signal.throwIfAborted();
      return giveBack;
    };
    const opener = createOpener(target, where, { ...limits, signal });
    try {
      const endConnecting = hold(await watch.without(() => connects.take()));
      hold(await watch.without(() => servers.take(keyOf(target, where))));
      const connected = await opener.connect();
      endConnecting();
      if (isFailure(connected)) return { result: toResult(connected), address: null, tookMs: watch.read() };
      onReached?.();
      // Awaited here, so that the turn lasts as long.
      const result = await shakeHands(connected, target, { opener, signal, watch, ...(kind && { kind }) });
      return { result, address: connected.address, tookMs: watch.read() };
    } finally {
      for (const giveBack of held.toReversed()) giveBack();
    }
  }

  /** Asks a server that was just read what it takes: it holds one turn of that server's for all the connections. */
  async function askInTurn(
    target: TlsTarget,
    where: Whereabouts,
    { address, signal }: { address: string | null; signal: AbortSignal },
  ) {
    const giveBack = await servers.take(keyOf(target, where));
    const watch = createStopwatch();
    try {
      const { again } = createOpener(target, where, { ...limits, signal });
      const serverName = toServerName(target);
      const asking = { open: () => again(address), serverName, deadlineMs: limits.handshakeMs, signal };
      return { offers: await askCapabilities(asking), tookMs: watch.read() };
    } finally {
      giveBack();
    }
  }
}

type Shaking = { opener: Opener; signal: AbortSignal; watch: Stopwatch; kind?: ServerKeyKind };

/** Shakes hands over connections, so many at a time. */
function createShaker(limits: Limits) {
  const handshakes = new Slots(limits.handshakes);
  const greet = createGreeter(limits);

  return async (
    connected: Connected,
    target: TlsTarget,
    { opener, signal, watch, kind }: Shaking,
  ): Promise<AddressResult> => {
    const giveBack = await watch.without(() => handshakes.take());
    const timer = setTimeout(giveBack, limits.yieldMs);
    try {
      const ready = await opener.prepare(connected);
      if (isFailure(ready)) return toResult(ready);
      const { address } = ready;
      const [serverName, protocols] = [toServerName(target), protocolsOf(target)];
      const asked = { serverName, protocols, signal, ...(kind && { kind }) };
      const answer = await greet({ ...ready, open: opener.again, ...asked });
      if (answer.kind !== "presented") return toResult(formatAnswer(answer, target, limits));
      const { chain, wire, isLeafAlone = false } = answer;
      const facts = { ...formatBefore(target), ...answer.facts, ...(address !== null && { address }) };
      return { outcome: "presented", message: "", chain, facts, wire, ...(isLeafAlone && { isLeafAlone }) };
    } finally {
      clearTimeout(timer);
      giveBack();
      connected.stream.destroy();
    }
  };
}

const toResult = (failure: Failure): AddressResult => ({ ...NOTHING_SEEN, ...failure });

const keyOf = ({ port }: TlsTarget, where: Whereabouts): string =>
  "way" in where ? where.way.name : `${where.addresses[0]} ${port}`;

const formatBefore = ({ protocol }: TlsTarget): Record<string, string> =>
  protocol === "tls" ? {} : { "before tls": formatProtocol(protocol) };

const PROTOCOLS = { web: ["h2", "http/1.1"], none: [] } as const;

/** Behind a dialogue it is known what is spoken, and a server may refuse all else. */
const protocolsOf = ({ protocol }: TlsTarget): readonly string[] =>
  protocol === "tls" ? PROTOCOLS.web : PROTOCOLS.none;

/** Names beyond ASCII are sent in their ASCII form; one that has none is not sent. */
function toServerName(target: TlsTarget): string | null {
  const name = serverNameOf(target);
  return (name && domainToASCII(name)) || null;
}
