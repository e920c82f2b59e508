import { hash } from "node:crypto";
import { domainToASCII } from "node:url";
import { Slots, SlotsByKey } from "#net/connection-limiter.ts";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { type ClosedBy, type Failure, findAddresses, isFailure } from "#net/tcp-connect.ts";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import type { Capabilities } from "#shared/model/hosts/endpoint.ts";
import type { Outcome } from "#shared/model/hosts/probe.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import type { VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import { formatProtocol } from "#shared/text/hosts/target.ts";
import { probeCapabilities } from "./capabilities.ts";
import {
  createHandshake,
  createOpener,
  createStopwatch,
  type EndpointRoute,
  type OpenedStream,
  type Opener,
  type Stopwatch,
} from "./handshake.ts";
import { NOTHING_BESIDE, toFailure, type WireBytes } from "./server-flight-reader.ts";

type Limits = {
  /** For resolving a name, and again for connecting to one of its addresses. */
  connectMs: number;
  /** For the STARTTLS negotiation; mail servers delay clients on purpose. */
  negotiationMs: number;
  /** From the hello to the certificates, whatever trickles in meanwhile. */
  handshakeMs: number;
  /** Connection attempts at a time, for all endpoints: those to dead addresses cost nothing but time. */
  connects: number;
  /** Connections at a time to one address and port, or to one proxy: nginx closes some of them beyond 512. */
  connectsPerServer: number;
  /** Handshakes at a time. */
  handshakes: number;
  /** A slower handshake keeps its deadline, but gives up its slot for others. */
  yieldMs: number;
  /** A first flight with more bytes is not read. */
  mostBytes: number;
};

/** What one address of an endpoint showed. */
type AddressReading = {
  outcome: Outcome;
  /** A sentence: what happened and what to do; empty if a chain was presented. */
  message: string;
  /** Exact DER as sent, order and duplicates kept; empty unless the outcome is `presented`. */
  chain: Uint8Array[];
};

type AddressResult = AddressReading & {
  facts: Record<string, string>;
  wire: WireBytes;
  /** Everything else that was sent could not be read. */
  isLeafAlone?: boolean;
  transient?: Failure["transient"];
  closedBy?: Failure["closedBy"];
};

/** What one probe read, and at which address, if that is known. `tookMs`: without the wait for a slot. */
type AddressProbe = { result: AddressResult; address: string | null; tookMs: number };

type ProbeOptions = {
  signal: AbortSignal;
  watch?: Stopwatch;
  onReached?: (() => void) | undefined;
  /** The one kind of server key that is accepted; missing: any. */
  kind?: ServerKeyKind;
};

const NOTHING_SEEN = { chain: [], facts: {}, wire: NOTHING_BESIDE };

/** Probes an endpoint over one route, within the limits of all probes of this prober. */
function createProber(limits: Limits) {
  const connects = new Slots(limits.connects);
  const servers = new SlotsByKey(limits.connectsPerServer);
  const runHandshake = createQueuedHandshake(limits);
  return { probe, queryCapabilities };

  /** Probes the first of the addresses that answers, or through a proxy. Rejects only when `signal` aborts. */
  async function probe(
    target: TlsTarget,
    where: EndpointRoute,
    { signal, watch = createStopwatch(), onReached, kind }: ProbeOptions,
  ): Promise<AddressProbe> {
    const held: (() => void)[] = [];
    const hold = (release: () => void) => {
      held.push(release);
      signal.throwIfAborted();
      return release;
    };
    const opener = createOpener(target, where, { ...limits, signal });
    try {
      const endConnecting = hold(await watch.without(() => connects.acquire()));
      hold(await watch.without(() => servers.acquire(keyOf(target, where))));
      const connected = await opener.connect();
      endConnecting();
      if (isFailure(connected)) return { result: toResult(connected), address: null, tookMs: watch.read() };
      onReached?.();
      // Awaited here, so that the slots are held until it ends.
      const result = await runHandshake(connected, target, { opener, signal, watch, ...(kind && { kind }) });
      return { result, address: connected.address, tookMs: watch.read() };
    } finally {
      for (const release of held.toReversed()) release();
    }
  }

  /** Probes what a server accepts right after its chain was read: all these connections use one of its slots. */
  async function queryCapabilities(
    target: TlsTarget,
    where: EndpointRoute,
    { address, signal }: { address: string | null; signal: AbortSignal },
  ) {
    const release = await servers.acquire(keyOf(target, where));
    const watch = createStopwatch();
    try {
      const { again } = createOpener(target, where, { ...limits, signal });
      const serverName = toServerName(target);
      const query = { open: () => again(address), serverName, deadlineMs: limits.handshakeMs, signal };
      return { capabilities: await probeCapabilities(query), tookMs: watch.read() };
    } finally {
      release();
    }
  }
}

type QueuedHandshake = { opener: Opener; signal: AbortSignal; watch: Stopwatch; kind?: ServerKeyKind };

/** Runs handshakes, up to `handshakes` of them at a time. */
function createQueuedHandshake(limits: Limits) {
  const handshakes = new Slots(limits.handshakes);
  const handshake = createHandshake(limits);

  return async (
    connected: OpenedStream,
    target: TlsTarget,
    { opener, signal, watch, kind }: QueuedHandshake,
  ): Promise<AddressResult> => {
    const release = await watch.without(() => handshakes.acquire());
    const timer = setTimeout(release, limits.yieldMs);
    try {
      const ready = await opener.prepare(connected);
      if (isFailure(ready)) return toResult(ready);
      const { address } = ready;
      const [serverName, protocols] = [toServerName(target), protocolsOf(target)];
      const request = { serverName, protocols, signal, ...(kind && { kind }) };
      const answer = await handshake({ ...ready, open: opener.again, ...request });
      if (answer.kind !== "presented") return toResult(toFailure(answer, target, limits));
      const { chain, wire, isLeafAlone = false } = answer;
      const facts = { ...factsBefore(target), ...answer.facts, ...(address !== null && { address }) };
      return { outcome: "presented", message: "", chain, facts, wire, ...(isLeafAlone && { isLeafAlone }) };
    } finally {
      clearTimeout(timer);
      release();
      connected.stream.destroy();
    }
  };
}

const toResult = (failure: Failure): AddressResult => ({ ...NOTHING_SEEN, ...failure });

const keyOf = ({ port }: TlsTarget, where: EndpointRoute): string =>
  "proxy" in where ? where.proxy.name : `${where.addresses[0]} ${port}`;

const factsBefore = ({ protocol }: TlsTarget): Record<string, string> =>
  protocol === "tls" ? {} : { "before tls": formatProtocol(protocol) };

const PROTOCOLS = { web: ["h2", "http/1.1"], none: [] } as const;

/** After a STARTTLS negotiation the protocol is fixed, and a server may refuse any ALPN. */
const protocolsOf = ({ protocol }: TlsTarget): readonly string[] =>
  protocol === "tls" ? PROTOCOLS.web : PROTOCOLS.none;

/** A name beyond ASCII is sent in its ASCII form; without one, no name is sent. */
function toServerName(target: TlsTarget): string | null {
  const name = serverNameOf(target);
  return (name && domainToASCII(name)) || null;
}

const LIMITS: Limits = {
  connectMs: 3_000,
  negotiationMs: 10_000,
  handshakeMs: 5_000,
  connects: 2_048,
  connectsPerServer: 100,
  handshakes: 64,
  yieldMs: 500,
  mostBytes: 512 * 1024,
};

export type EndpointReading = AddressResult & {
  /** What each address of a name showed; empty if there is but one, null if no others were looked for. */
  addresses: (AddressReading & { address: string })[] | null;
  /** What the server accepts, if that was requested. */
  capabilities: Capabilities | null;
  /** Other chains that clients get which accept one kind of key alone; only for the requested kinds. */
  others: Uint8Array[][];
  /** Without the wait for a slot. */
  tookMs: number;
};

export type ProbeRequest = {
  /** The proxy that leads to it; null: direct. A proxy resolves names itself; their addresses stay unknown here. */
  proxy?: ProxyRoute | null;
  /** Whether every address of a name is probed, or only the first that answers. */
  everyAddress?: boolean;
  /** Whether some fourteen further connections probe which versions and groups the server accepts. */
  probesCapabilities?: boolean;
  /** One more probe for each of these kinds of key, as by a client that accepts no other. */
  keyKinds?: readonly ServerKeyKind[];
  /** Called whenever an address has answered: from then on this computer may be the one that delays the probe. */
  onReached?: () => void;
};

export type TlsProber = ReturnType<typeof createTlsProber>;

/** Probes endpoints over TLS and reads the chains they present, many at a time. It evaluates nothing. */
export function createTlsProber(overrides: Partial<Limits> = {}, lookUp = findAddresses) {
  const limits = { ...LIMITS, ...overrides };
  const { probe, queryCapabilities } = createProber(limits);

  return {
    /** Every outcome is a value; rejects only when `signal` aborts. */
    probeEndpoint: async (
      target: TlsTarget,
      signal: AbortSignal,
      {
        proxy = null,
        everyAddress = false,
        probesCapabilities = false,
        keyKinds = [],
        onReached,
      }: ProbeRequest = {},
    ): Promise<EndpointReading> => {
      const watch = createStopwatch();
      const where = proxy ? { proxy } : await find(target, signal, watch);
      if (isFailure(where)) return { ...NOTHING, ...where, tookMs: watch.read() };
      const first = await probe(target, where, { signal, watch, onReached });
      const isAll = everyAddress && "addresses" in where;
      const others = isAll ? await probeOthers(target, where.addresses, { first, signal }) : [];
      const seen = choose(first, others);
      const probed =
        probesCapabilities && seen.result.outcome === "presented"
          ? await queryCapabilities(target, where, { address: seen.address, signal })
          : null;
      const all = others.length > 0 ? [first, ...others].map(toAddress) : [];
      const routeToAddress =
        "addresses" in where && seen.address !== null ? { addresses: [seen.address] } : where;
      const byKind = seen.result.outcome === "presented" ? keyKinds : [];
      const ofKinds = await Promise.all(
        byKind.map((kind) => probe(target, routeToAddress, { signal, kind })),
      );
      return {
        ...seen.result,
        addresses: isAll ? all : null,
        capabilities: probed?.capabilities ?? null,
        others: findOthers(seen.result.chain, ofKinds),
        tookMs: first.tookMs + Math.max(0, ...others.map((one) => one.tookMs)) + (probed?.tookMs ?? 0),
      };
    },
  };

  async function find({ host }: TlsTarget, signal: AbortSignal, watch: Stopwatch) {
    const finding = { timeoutMs: limits.connectMs, signal, waitApart: watch.without };
    const addresses = await lookUp(host, finding);
    return isFailure(addresses) ? addresses : { addresses };
  }

  /** The addresses of a name except the one that answered first. If none did, all have been tried already. */
  function probeOthers(
    target: TlsTarget,
    addresses: readonly string[],
    { first, signal }: { first: AddressProbe; signal: AbortSignal },
  ): Promise<AddressProbe[]> {
    const others = first.address === null ? [] : addresses.filter((address) => address !== first.address);
    return Promise.all(
      others.map(async (address) => {
        const probed = await probe(target, { addresses: [address] }, { signal });
        return { ...probed, address };
      }),
    );
  }
}

const NOTHING = { ...NOTHING_SEEN, addresses: null, capabilities: null, others: [] };

/** Each chain once, and none with the leaf that is known already. */
function findOthers([leaf]: readonly Uint8Array[], ofKinds: readonly AddressProbe[]): Uint8Array[][] {
  const seen = new Set([leaf && Buffer.from(leaf).toString("latin1")]);
  return ofKinds.flatMap(({ result: { chain } }) => {
    const own = chain[0] && Buffer.from(chain[0]).toString("latin1");
    if (own === undefined || seen.has(own)) return [];
    seen.add(own);
    return [chain];
  });
}

/** Of several addresses, the first that shows a chain stands for the name. */
const choose = (first: AddressProbe, others: readonly AddressProbe[]): AddressProbe =>
  [first, ...others].find(({ result }) => result.outcome === "presented") ?? first;

const toAddress = ({ result: { outcome, message, chain }, address }: AddressProbe) => ({
  address: address ?? "",
  outcome,
  message,
  chain,
});

/** `addresses`: the ones to dial; missing: all that the name has now. */
type DialedEndpoint = Pick<
  VerificationEndpoint,
  "address" | "addresses" | "port" | "serverName" | "startTls"
>;

/**
 * What one address shows: the SHA-256 of each certificate as it was sent, the leaf first. If none, `message` says why.
 * `isLeafAlone`: everything else that was sent could not be read. `isRefused`: the server itself answered, and refused
 * the handshake by an alert. `closedBy`: how it ended the connection without an alert.
 */
export type ShownAt = {
  address: string;
  chain: string[];
  message: string;
  isLeafAlone?: boolean;
  isRefused?: boolean;
  closedBy?: ClosedBy;
};

/** At least one, one for each address. `proxy`: leads there and resolves its name; null: dialled from here. */
export type ChainsAt = (
  endpoint: DialedEndpoint,
  proxy: ProxyRoute | null,
  signal: AbortSignal,
) => Promise<ShownAt[]>;

/** For resolving a name. */
const LOOK_UP_MS = 3_000;

/** Reads which certificates an endpoint shows, each address by itself. Rejects only when `signal` aborts. */
export function createChainsAt(
  { probeEndpoint }: Pick<TlsProber, "probeEndpoint">,
  lookUp = findAddresses,
): ChainsAt {
  return async (endpoint, proxy, signal) => {
    const { address, port, serverName, startTls } = endpoint;
    const known = endpoint.addresses ?? (proxy && [address]);
    const found = known ?? (await lookUp(address, { timeoutMs: LOOK_UP_MS, signal }));
    if (isFailure(found)) return [{ address, chain: [], message: found.message }];
    if (found.length === 0) return [{ address, chain: [], message: "the name has no address" }];
    return Promise.all(
      found.map(async (host) => {
        // By its address: without a `serverName`, the hello must not name the host.
        const target = { kind: "tls", host, port, serverName, protocol: startTls ?? "tls" } as const;
        const { outcome, chain, message, isLeafAlone, closedBy } = await probeEndpoint(target, signal, {
          proxy,
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
