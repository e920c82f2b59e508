import type { HostReading } from "#net/ssh/collect.ts";
import type { Where } from "#net/ssh/ssh-failure.ts";
import type { EndpointReading } from "#net/tls/probe-endpoint.ts";
import { Refusal, type RefusalCode } from "#shared/model/refusal.ts";
import type { SshTarget, Target, TlsTarget } from "#shared/model/target.ts";
import type { EndpointProbe, HostProbe } from "#store/visit.ts";

/** When, where, and in which scan. */
type Visited<Target> = Pick<HostProbe, "scanId" | "at" | "tookMs"> & { target: Target };

type Reading = Omit<Exclude<HostReading, { state: "failed" }>, "loginKey" | "hostKey" | "transport">;

/** A host that answered: what it sent, as it came; or what was carried here from it by hand, which has no host key. */
export type StreamHome = {
  kind: "stream";
  visited: Visited<SshTarget> & Pick<HostProbe, "transport" | "login" | "isCarried">;
  nonce: string;
  reading: Reading & Pick<HostProbe, "hostKey">;
  /** The jump host that ended meanwhile, which may be why the stream does; `message` says so. */
  lost: { jumpHost: Where; message: string } | null;
};

/** An endpoint that presented a chain, and what it sent beside it: exact bytes, as they came. */
export type ChainHome = { kind: "chain"; visited: Visited<TlsTarget> } & Pick<
  EndpointReading,
  "chain" | "facts" | "wire" | "addresses" | "offers" | "others"
>;

/**
 * What a visit brought home. What strangers sent is not looked at where connections are kept: that is done by whoever
 * records it. `met`: there is nothing to be read.
 */
export type BroughtHome = { kind: "met"; visit: HostProbe | EndpointProbe } | StreamHome | ChainHome;

/** What is told of a visit in which this program itself was at fault. */
const BROKEN = {
  state: "failed",
  outcome: "truncated",
  message: "this program failed while it read what came back; the log has the details",
} as const;

export const scanOf = (home: BroughtHome) => probedOf(home).scanId;

/** Of what a visit has sent: the bytes that wait until they are read. */
export function sizeOf(home: BroughtHome): number {
  if (home.kind === "stream") return home.reading.stream.length;
  if (home.kind !== "chain") return 0;
  const { staple, timestamps, authorities } = home.wire;
  const chains = [home.chain, ...home.others, ...(home.addresses ?? []).map(({ chain }) => chain)];
  return sum([
    ...chains.flat(),
    ...(authorities ?? []),
    ...[staple, timestamps].filter((one) => one !== null),
  ]);
}

const sum = (parts: readonly Uint8Array[]): number => parts.reduce((size, { length }) => size + length, 0);

/** A visit that read nothing through a fault of this program. */
export function brokenProbe(visited: Visited<Target>, hostKey: HostProbe["hostKey"] = null) {
  const { scanId, at, tookMs, target } = visited;
  const visit = { scanId, at, tookMs, ...BROKEN };
  if (target.kind === "tls") return { ...visit, target, presented: null } satisfies EndpointProbe;
  const nothing = { isKeyRefused: false, jumpHost: null, collected: null, findings: [] };
  return { ...visit, ...nothing, target, hostKey } satisfies HostProbe;
}

/** The same visit, without what it read. */
export const asBroken = (home: BroughtHome) => brokenProbe(probedOf(home), keyOf(home));

const probedOf = (home: BroughtHome) => (home.kind === "met" ? home.visit : home.visited);

function keyOf(home: BroughtHome): HostProbe["hostKey"] {
  if (home.kind === "stream") return home.reading.hostKey;
  return home.kind === "met" && "hostKey" in home.visit ? home.visit.hostKey : null;
}

/**
 * What a visit brought home, ready to go to another thread: bytes that are part of something larger would take all of
 * that along, and so are copied; the stream itself is handed over as it is.
 */
export function packHome(home: BroughtHome): { home: BroughtHome; handOver: ArrayBuffer[] } {
  switch (home.kind) {
    case "chain":
      return { home: packChain(home), handOver: [] };
    case "stream": {
      const stream = whole(home.reading.stream);
      const { hostKey } = home.reading;
      const shown = hostKey && { ...hostKey, blob: alone(hostKey.blob) };
      const reading = { ...home.reading, stream, hostKey: shown };
      return { home: { ...home, reading }, handOver: [stream.buffer] };
    }
    case "met": {
      const { visit } = home;
      if (!("hostKey" in visit) || !visit.hostKey) return { home, handOver: [] };
      const hostKey = { ...visit.hostKey, blob: alone(visit.hostKey.blob) };
      return { home: { ...home, visit: { ...visit, hostKey } }, handOver: [] };
    }
  }
}

function packChain(home: ChainHome): ChainHome {
  const { staple, timestamps, authorities } = home.wire;
  return {
    ...home,
    chain: home.chain.map(alone),
    others: home.others.map((chain) => chain.map(alone)),
    wire: {
      staple: staple && alone(staple),
      timestamps: timestamps && alone(timestamps),
      authorities: authorities?.map(alone) ?? null,
    },
    addresses: home.addresses?.map((one) => ({ ...one, chain: one.chain.map(alone) })) ?? null,
  };
}

const alone = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/** The bytes with memory of their own and nothing else in it. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isAlone ? new Uint8Array(buffer) : alone(bytes);
}

/** An error as it goes from one thread to another, where its class and its code would be lost. */
export type CarriedError = {
  refusal: RefusalCode | null;
  name: string;
  message: string;
  stack: string;
  code: string | null;
  cause: CarriedError | null;
};

export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error))
    return carryError(new Error(`a ${typeof error} was thrown that is no error`));
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? "",
    refusal: error instanceof Refusal ? error.code : null,
    code: typeof code === "string" ? code : null,
    cause: error.cause instanceof Error ? carryError(error.cause) : null,
  };
}

export function reviveError({ refusal, name, message, stack, code, cause }: CarriedError): Error {
  const options = cause ? { cause: reviveError(cause) } : {};
  if (refusal) return new Refusal(refusal, message, options);
  return Object.assign(new Error(message, options), { name, stack, ...(code !== null && { code }) });
}
