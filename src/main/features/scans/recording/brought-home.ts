import type { HostReading } from "#net/ssh/collect.ts";
import type { Where } from "#net/ssh/ssh-failure.ts";
import type { EndpointReading } from "#net/tls/probe-endpoint.ts";
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
