import { isFailure } from "#net/connect-failure.ts";
import { findAddresses } from "#net/find-addresses.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { Capabilities } from "#shared/model/offers.ts";
import type { ServerKeyKind } from "#shared/model/served.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";
import {
  type AddressReading,
  type AddressResult,
  createProber,
  type Limits,
  NOTHING_SEEN,
  type Visited,
} from "./visit-address.ts";

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
  asksForOffers?: boolean;
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
        asksForOffers = false,
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
        asksForOffers && seen.result.outcome === "presented"
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
