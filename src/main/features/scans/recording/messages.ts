import type { HostReading } from "#net/ssh/collect.ts";
import type { Where } from "#net/ssh/ssh-failure.ts";
import type { EndpointReading } from "#net/tls/probe-endpoint.ts";
import type { BundleInput } from "#shared/contract/inspect.ts";
import type { BundleSignature } from "#shared/model/hosts/bundle.ts";
import type { ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { SshTarget, Target, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal, type RefusalCode } from "#shared/model/refusal.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";

/** A host key that is trusted from now on, for nobody has seen another one of this host. */
export type AcceptedKey = Omit<Parameters<RecordingStore["pins"]["put"]>[0], "source" | "pinnedAt">;

export type EndedState = "finished" | "cancelled" | "interrupted";

/** What is waited for. `begin` and `accept` come before all visits that wait; the others after those before them. */
export type Request =
  | { kind: "begin"; requested: readonly RequestedTarget[]; at: Instant }
  | { kind: "accept"; key: AcceptedKey; at: Instant }
  | { kind: "hold"; held: HeldHere; at: Instant }
  | { kind: "import"; bundle: OfflineBundle; at: Instant }
  | { kind: "settle" }
  | { kind: "finish"; scanId: ScanId; state: EndedState; at: Instant };

/** A bundle that is imported, and what is known of it beside its bytes. */
export type OfflineBundle = Pick<BundleInput, "as" | "approved"> & {
  bytes: Uint8Array;
  signature: BundleSignature;
};

/** What a request is answered with, by its kind. */
export type Answers = {
  begin: ScanId;
  accept: null;
  hold: null;
  import: ImportedBundle;
  settle: null;
  finish: null;
};

export type Answer = Answers[Request["kind"]];

export type RequestMessage = { kind: "request"; id: number; request: Request };

/** What the recorder is told. `acquire` and `release`: somebody else writes in between. */
export type RecorderCommand =
  | { kind: "probes"; probes: readonly ProbeResult[] }
  | RequestMessage
  | { kind: "acquire" }
  | { kind: "release" }
  | { kind: "close" };

/** What the recorder tells. */
export type RecorderMessage =
  /** So many visits wait no longer, nor so many bytes of what they sent, and there is news of these scans. */
  | { kind: "written"; probes: number; bytes: number; scanIds: readonly ScanId[] }
  /** Nothing more of this scan is written. */
  | { kind: "failed"; scanId: ScanId; error: SerializedError }
  | { kind: "answer"; id: number; answer: Answer }
  | { kind: "refusal"; id: number; error: SerializedError }
  /** It writes nothing until it is released. */
  | { kind: "acquired" }
  /** A fault of this program in one visit; the others go on. */
  | { kind: "fault"; error: SerializedError }
  /** It does nothing any more. */
  | { kind: "dead"; error: SerializedError };

/** A recorder, wherever it runs. */
export type RecorderLink = {
  /** `transfer`: memory that is the other's from now on. */
  send(sent: RecorderCommand, transfer?: ArrayBuffer[]): void;
  /** Resolves once it has ended. Nothing may wait to be written any more. */
  close(): Promise<void>;
};

export type OnRecorderMessage = (message: RecorderMessage) => void;

/** When, where, and in which scan. */
type ProbeIdentity<Target> = Pick<HostProbe, "scanId" | "at" | "tookMs"> & { target: Target };

type Reading = Omit<Exclude<HostReading, { state: "failed" }>, "loginKey" | "hostKey" | "transport">;

/** A host that answered: what it sent, as it came; or what was carried here from it by hand, which has no host key. */
export type StreamResult = {
  kind: "stream";
  identity: ProbeIdentity<SshTarget> & Pick<HostProbe, "transport" | "login" | "isOffline">;
  nonce: string;
  reading: Reading & Pick<HostProbe, "hostKey">;
  /** The jump host that ended meanwhile, which may be why the stream does; `message` says so. */
  lost: { jumpHost: Where; message: string } | null;
};

/** An endpoint that presented a chain, and what it sent beside it: exact bytes, as they came. */
export type ChainResult = { kind: "chain"; identity: ProbeIdentity<TlsTarget> } & Pick<
  EndpointReading,
  "chain" | "facts" | "wire" | "addresses" | "capabilities" | "others"
>;

/**
 * What a probe came to. What strangers sent is not looked at where connections are kept: that is done by whoever
 * records it. `met`: there is nothing to be read.
 */
export type ProbeResult = { kind: "met"; probe: HostProbe | EndpointProbe } | StreamResult | ChainResult;

/** What is told of a visit in which this program itself was at fault. */
const BROKEN = {
  state: "failed",
  outcome: "truncated",
  message: "this program failed while it read what came back; the log has the details",
} as const;

export const scanOf = (result: ProbeResult) => probedOf(result).scanId;

/** Of what a visit has sent: the bytes that wait until they are read. */
export function sizeOf(result: ProbeResult): number {
  if (result.kind === "stream") return result.reading.stream.length;
  if (result.kind !== "chain") return 0;
  const { staple, timestamps, authorities } = result.wire;
  const chains = [result.chain, ...result.others, ...(result.addresses ?? []).map(({ chain }) => chain)];
  return sum([
    ...chains.flat(),
    ...(authorities ?? []),
    ...[staple, timestamps].filter((one) => one !== null),
  ]);
}

const sum = (parts: readonly Uint8Array[]): number => parts.reduce((size, { length }) => size + length, 0);

/** A visit that read nothing through a fault of this program. */
export function brokenProbe(identity: ProbeIdentity<Target>, hostKey: HostProbe["hostKey"] = null) {
  const { scanId, at, tookMs, target } = identity;
  const probe = { scanId, at, tookMs, ...BROKEN };
  if (target.kind === "tls") return { ...probe, target, presented: null } satisfies EndpointProbe;
  const nothing = { isKeyRefused: false, jumpHost: null, collected: null, findings: [] };
  return { ...probe, ...nothing, target, hostKey } satisfies HostProbe;
}

/** The same visit, without what it read. */
export const asBroken = (result: ProbeResult) => brokenProbe(probedOf(result), keyOf(result));

const probedOf = (result: ProbeResult) => (result.kind === "met" ? result.probe : result.identity);

function keyOf(result: ProbeResult): HostProbe["hostKey"] {
  if (result.kind === "stream") return result.reading.hostKey;
  return result.kind === "met" && "hostKey" in result.probe ? result.probe.hostKey : null;
}

/**
 * What a probe came to, ready to go to another thread: bytes that are part of something larger would take all of
 * that along, and so are copied; the stream itself is handed over as it is.
 */
export function toTransferable(result: ProbeResult): { result: ProbeResult; transfer: ArrayBuffer[] } {
  switch (result.kind) {
    case "chain":
      return { result: toTransferableChain(result), transfer: [] };
    case "stream": {
      const stream = whole(result.reading.stream);
      const { hostKey } = result.reading;
      const shown = hostKey && { ...hostKey, blob: alone(hostKey.blob) };
      const reading = { ...result.reading, stream, hostKey: shown };
      return { result: { ...result, reading }, transfer: [stream.buffer] };
    }
    case "met": {
      const { probe } = result;
      if (!("hostKey" in probe) || !probe.hostKey) return { result, transfer: [] };
      const hostKey = { ...probe.hostKey, blob: alone(probe.hostKey.blob) };
      return { result: { ...result, probe: { ...probe, hostKey } }, transfer: [] };
    }
  }
}

function toTransferableChain(result: ChainResult): ChainResult {
  const { staple, timestamps, authorities } = result.wire;
  return {
    ...result,
    chain: result.chain.map(alone),
    others: result.others.map((chain) => chain.map(alone)),
    wire: {
      staple: staple && alone(staple),
      timestamps: timestamps && alone(timestamps),
      authorities: authorities?.map(alone) ?? null,
    },
    addresses: result.addresses?.map((one) => ({ ...one, chain: one.chain.map(alone) })) ?? null,
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
type SerializedError = {
  refusal: RefusalCode | null;
  name: string;
  message: string;
  stack: string;
  code: string | null;
  cause: SerializedError | null;
};

export function serializeError(error: unknown): SerializedError {
  if (!(error instanceof Error))
    return serializeError(new Error(`a ${typeof error} was thrown that is no error`));
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? "",
    refusal: error instanceof Refusal ? error.code : null,
    code: typeof code === "string" ? code : null,
    cause: error.cause instanceof Error ? serializeError(error.cause) : null,
  };
}

export function reviveError({ refusal, name, message, stack, code, cause }: SerializedError): Error {
  const options = cause ? { cause: reviveError(cause) } : {};
  if (refusal) return new Refusal(refusal, message, options);
  return Object.assign(new Error(message, options), { name, stack, ...(code !== null && { code }) });
}
