import { hash } from "node:crypto";
import { domainToASCII } from "node:url";
import { Slots, SlotsByKey } from "#net/connection-limiter.ts";
import type { Way } from "#net/proxy/proxy.ts";
import { type ClosedBy, type Failure, findAddresses, isFailure } from "#net/tcp-connect.ts";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import type { Capabilities } from "#shared/model/hosts/endpoint.ts";
import type { Outcome } from "#shared/model/hosts/probe.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import { formatProtocol } from "#shared/text/hosts/target.ts";
import { askCapabilities } from "./capabilities.ts";
import { toFailure } from "./describe-answer.ts";
import { NOTHING_BESIDE, type WireBytes } from "./greeting-reader.ts";
import {
  createGreeter,
  createOpener,
  createStopwatch,
  type OpenedStream,
  type Opener,
  type Stopwatch,
  type Whereabouts,
} from "./handshake.ts";

type Limits = {
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
type AddressReading = {
  outcome: Outcome;
  /** A sentence: what happened and what to do; empty when a chain was presented. */
  message: string;
  /** Exact DER as sent, order and duplicates kept; empty unless the outcome is `presented`. */
  chain: Uint8Array[];
};

type AddressResult = AddressReading & {
  facts: Record<string, string>;
  wire: WireBytes;
  /** What else was sent could not be read. */
  isLeafAlone?: boolean;
  transient?: Failure["transient"];
  closedBy?: Failure["closedBy"];
};

/** What came of one visit, and at which address, where that is known. `tookMs`: without waiting for its turn. */
type Visited = { result: AddressResult; address: string | null; tookMs: number };

type Probing = {
  signal: AbortSignal;
  watch?: Stopwatch;
  onReached?: (() => void) | undefined;
  /** The one kind of key that is taken; not there: any. */
  kind?: ServerKeyKind;
};

const NOTHING_SEEN = { chain: [], facts: {}, wire: NOTHING_BESIDE };

/** Greets an endpoint at one place, in its turn among all others that this visitor greets. */
function createProber(limits: Limits) {
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
    connected: OpenedStream,
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
      if (answer.kind !== "presented") return toResult(toFailure(answer, target, limits));
      const { chain, wire, isLeafAlone = false } = answer;
      const facts = { ...factsBefore(target), ...answer.facts, ...(address !== null && { address }) };
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

const factsBefore = ({ protocol }: TlsTarget): Record<string, string> =>
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

const LIMITS: Limits = {
  connectMs: 3_000,
  dialogueMs: 10_000,
  handshakeMs: 5_000,
  connects: 2_048,
  connectsPerServer: 100,
  handshakes: 64,
  yieldMs: 500,
  mostBytes: 512 * 1024,
};

export type EndpointReading = AddressResult & {
  /** What each address of a name showed; empty where there is but one, null where no others were looked for. */
  addresses: (AddressReading & { address: string })[] | null;
  /** What it takes, where that was asked for. */
  offers: Capabilities | null;
  /** Chains beside that one, which clients get that take one kind of key alone; only those that were asked for. */
  others: Uint8Array[][];
  /** Without the time that it waited for its turn. */
  tookMs: number;
};

export type ProbeRequest = {
  /** How it is reached; null: directly. A way knows names by itself, and which addresses they have is not known then. */
  way?: Way | null;
  /** Whether every address of a name is greeted, or the first that answers. */
  everyAddress?: boolean;
  /** Whether it is asked, by some fourteen further connections, which versions and groups it takes. */
  probesCapabilities?: boolean;
  /** It is asked once more for a key of each of these kinds, as by a client that takes no other. */
  keyKinds?: readonly ServerKeyKind[];
  /** Told whenever an address has answered: from then on a visit waits for this computer, too. */
  onReached?: () => void;
};

export type TlsProber = ReturnType<typeof createTlsProber>;

/** Greets endpoints over TLS and reads the chains they present, many at a time. Nothing is judged here. */
export function createTlsProber(wish: Partial<Limits> = {}, lookUp = findAddresses) {
  const limits = { ...LIMITS, ...wish };
  const { visit, askInTurn } = createProber(limits);

  return {
    /** Every outcome is a value; rejects only when `signal` says stop. */
    probeEndpoint: async (
      target: TlsTarget,
      signal: AbortSignal,
      {
        way = null,
        everyAddress = false,
        probesCapabilities = false,
        keyKinds = [],
        onReached,
      }: ProbeRequest = {},
    ): Promise<EndpointReading> => {
      const watch = createStopwatch();
      const where = way ? { way } : await find(target, signal, watch);
      if (isFailure(where)) return { ...NOTHING, ...where, tookMs: watch.read() };
      const first = await visit(target, where, { signal, watch, onReached });
      const isAll = everyAddress && "addresses" in where;
      const others = isAll ? await probeOthers(target, where.addresses, { first, signal }) : [];
      const seen = choose(first, others);
      const asked =
        probesCapabilities && seen.result.outcome === "presented"
          ? await askInTurn(target, where, { address: seen.address, signal })
          : null;
      const all = others.length > 0 ? [first, ...others].map(toAddress) : [];
      const place = "addresses" in where && seen.address !== null ? { addresses: [seen.address] } : where;
      const byKind = seen.result.outcome === "presented" ? keyKinds : [];
      const ofKinds = await Promise.all(byKind.map((kind) => visit(target, place, { signal, kind })));
      return {
        ...seen.result,
        addresses: isAll ? all : null,
        offers: asked?.offers ?? null,
        others: findOthers(seen.result.chain, ofKinds),
        tookMs: first.tookMs + Math.max(0, ...others.map((one) => one.tookMs)) + (asked?.tookMs ?? 0),
      };
    },
  };

  async function find({ host }: TlsTarget, signal: AbortSignal, watch: Stopwatch) {
    const finding = { timeoutMs: limits.connectMs, signal, waitApart: watch.without };
    const addresses = await lookUp(host, finding);
    return isFailure(addresses) ? addresses : { addresses };
  }

  /** The addresses of a name beside the one that answered first. Where none did, all have been tried. */
  function probeOthers(
    target: TlsTarget,
    addresses: readonly string[],
    { first, signal }: { first: Visited; signal: AbortSignal },
  ): Promise<Visited[]> {
    const others = first.address === null ? [] : addresses.filter((address) => address !== first.address);
    return Promise.all(
      others.map(async (address) => {
        const visited = await visit(target, { addresses: [address] }, { signal });
        return { ...visited, address };
      }),
    );
  }
}

const NOTHING = { ...NOTHING_SEEN, addresses: null, offers: null, others: [] };

/** Each once, and none with the leaf that is known. */
function findOthers([leaf]: readonly Uint8Array[], ofKinds: readonly Visited[]): Uint8Array[][] {
  const seen = new Set([leaf && Buffer.from(leaf).toString("latin1")]);
  return ofKinds.flatMap(({ result: { chain } }) => {
    const own = chain[0] && Buffer.from(chain[0]).toString("latin1");
    if (own === undefined || seen.has(own)) return [];
    seen.add(own);
    return [chain];
  });
}

/** Of several addresses the first that shows a chain speaks for the name. */
const choose = (first: Visited, others: readonly Visited[]): Visited =>
  [first, ...others].find(({ result }) => result.outcome === "presented") ?? first;

const toAddress = ({ result: { outcome, message, chain }, address }: Visited) => ({
  address: address ?? "",
  outcome,
  message,
  chain,
});

/** Where it is asked. `addresses`: those that are dialled; not there: all that its name has now. */
type AskedPlace = Pick<VerificationEndpoint, "address" | "addresses" | "port" | "serverName" | "dialogue">;

/**
 * What one address shows: the SHA-256 of each certificate as it was sent, the leaf first. None: `message` says why.
 * `isLeafAlone`: what else was sent could not be read. `isRefused`: the server itself answered, and refused the handshake by an alert.
 * `closedBy`: how it ended the connection without a word.
 */
export type ShownAt = {
  address: string;
  chain: string[];
  message: string;
  isLeafAlone?: boolean;
  isRefused?: boolean;
  closedBy?: ClosedBy;
};

/** At least one, for each address one. `way`: what leads there, and knows its name; null: it is dialled from here. */
export type ChainsAt = (place: AskedPlace, way: Way | null, signal: AbortSignal) => Promise<ShownAt[]>;

/** To resolve a name. */
const LOOK_UP_MS = 3_000;

/** Asks a place which certificates it shows, each address by itself. Rejects only when `signal` says stop. */
export function createChainsAt(
  { probeEndpoint }: Pick<TlsProber, "probeEndpoint">,
  lookUp = findAddresses,
): ChainsAt {
  return async (place, way, signal) => {
    const { address, port, serverName, dialogue } = place;
    const known = place.addresses ?? (way && [address]);
    const found = known ?? (await lookUp(address, { timeoutMs: LOOK_UP_MS, signal }));
    if (isFailure(found)) return [{ address, chain: [], message: found.message }];
    if (found.length === 0) return [{ address, chain: [], message: "the name has no address" }];
    return Promise.all(
      found.map(async (host) => {
        // By an address, so that a hello that is to name nobody names nobody.
        const target = { kind: "tls", host, port, serverName, protocol: dialogue ?? "tls" } as const;
        const { outcome, chain, message, isLeafAlone, closedBy } = await probeEndpoint(target, signal, {
          way,
        });
        const said = chain.length > 0 ? "" : message || "it shows no certificate";
        return {
          address: host,
          chain: chain.map((der) => hash("sha256", der, "hex")),
          message: said,
          ...(isLeafAlone && { isLeafAlone }),
          ...(outcome === "alert" && { isRefused: true }),
          ...(closedBy && { closedBy }),
        };
      }),
    );
  };
}
