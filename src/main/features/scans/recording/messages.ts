import type { HostReading } from "#net/ssh/collect.ts";
import type { Where } from "#net/ssh/ssh-failure.ts";
import type { EndpointReading } from "#net/tls/probe-endpoint.ts";
import type { BundleInput } from "#shared/contract/inspect.ts";
import type { BundleSignature } from "#shared/model/hosts/bundle.ts";
import type { ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import type { ScanId, ScanOrigin } from "#shared/model/hosts/scan.ts";
import type { SshTarget, Target, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal, type RefusalCode } from "#shared/model/refusal.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";

/** `accept-new`: nobody has seen another key of this host. `scan-list`: a person has ticked it in the list of a scan. */
export type AcceptedBy = "accept-new" | "scan-list";

/** A host key that is trusted from now on. */
export type AcceptedKey = Omit<Parameters<RecordingStore["pins"]["put"]>[0], "source" | "pinnedAt">;

export type EndedState = "finished" | "cancelled" | "interrupted";

/**
 * A request whose answer is awaited. `begin` and `accept` come before all waiting probes; the others after the probes
 * before them.
 */
export type Request =
  | { kind: "begin"; requested: readonly RequestedTarget[]; at: Instant; origin?: ScanOrigin }
  | { kind: "accept"; key: AcceptedKey; at: Instant; by: AcceptedBy }
  | { kind: "hold"; held: HeldHere; at: Instant }
  | { kind: "import"; bundle: OfflineBundle; at: Instant }
  | { kind: "settle" }
  | { kind: "finish"; scanId: ScanId; state: EndedState; at: Instant };

/** A bundle that is imported, and what is known of it beside its bytes. */
export type OfflineBundle = Pick<BundleInput, "as" | "approved"> & {
  bytes: Uint8Array;
  signature: BundleSignature;
};

/** The answers to requests, by their kind. */
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

/** Commands to the recorder. Between `acquire` and `release` another connection writes. */
export type RecorderCommand =
  | { kind: "probes"; probes: readonly ProbeResult[] }
  | RequestMessage
  | { kind: "acquire" }
  | { kind: "release" }
  | { kind: "close" };

/** Messages of the recorder. */
export type RecorderMessage =
  /** So many probes and bytes no longer wait, and these scans have news. */
  | { kind: "written"; probes: number; bytes: number; scanIds: readonly ScanId[] }
  /** Nothing more of this scan is written. */
  | { kind: "failed"; scanId: ScanId; error: SerializedError }
  | { kind: "answer"; id: number; answer: Answer }
  | { kind: "refusal"; id: number; error: SerializedError }
  /** It writes nothing until `release`. */
  | { kind: "acquired" }
  /** A bug of this program in one probe; the others go on. */
  | { kind: "fault"; error: SerializedError }
  /** It does nothing any more. */
  | { kind: "dead"; error: SerializedError };

/** A recorder, wherever it runs. */
export type RecorderLink = {
  /** `transfer`: memory that the recorder owns from now on. */
  send(sent: RecorderCommand, transfer?: ArrayBuffer[]): void;
  /** Resolves once it has ended. Call it when nothing is waiting to be written. */
  close(): Promise<void>;
};

export type OnRecorderMessage = (message: RecorderMessage) => void;

/** The scan, the target and the time of a probe. */
type ProbeIdentity<Target> = Pick<HostProbe, "scanId" | "at" | "tookMs"> & { target: Target };

type Reading = Omit<
  Exclude<HostReading, { state: "failed" }>,
  "loginKey" | "hostKey" | "transport" | "peerAddress"
>;

/** A host that answered: its stream as it came, or that of an offline bundle, which has no host key. */
export type StreamResult = {
  kind: "stream";
  identity: ProbeIdentity<SshTarget> & Pick<HostProbe, "transport" | "login" | "isOffline">;
  nonce: string;
  reading: Reading & Pick<HostProbe, "hostKey">;
  /** The jump host that ended meanwhile, which may be why the stream ends; `message` says so. */
  lost: { jumpHost: Where; message: string } | null;
};

/** An endpoint that presented a chain, with what it sent beside that: exact bytes, as they came. */
export type ChainResult = { kind: "chain"; identity: ProbeIdentity<TlsTarget> } & Pick<
  EndpointReading,
  "chain" | "facts" | "wire" | "addresses" | "capabilities" | "others"
>;

/**
 * The result of a probe. The thread that keeps connections does not read what strangers sent: the recorder does. `met`:
 * there is nothing to be read.
 */
export type ProbeResult = { kind: "met"; probe: HostProbe | EndpointProbe } | StreamResult | ChainResult;

/** The outcome of a probe in which this program itself failed. */
const BROKEN = {
  state: "failed",
  outcome: "truncated",
  message: "this program failed while it read what came back; the log has the details",
} as const;

export const scanOf = (result: ProbeResult) => probedOf(result).scanId;

/** The bytes of a probe that wait until they are read. */
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

/** A probe that read nothing because of a bug of this program. */
export function brokenProbe(identity: ProbeIdentity<Target>, hostKey: HostProbe["hostKey"] = null) {
  const { scanId, at, tookMs, target } = identity;
  const probe = { scanId, at, tookMs, ...BROKEN };
  if (target.kind === "tls") return { ...probe, target, presented: null } satisfies EndpointProbe;
  const nothing = { isKeyRefused: false, jumpHost: null, collected: null, findings: [] };
  return { ...probe, ...nothing, target, hostKey } satisfies HostProbe;
}

/** The same probe, without what it read. */
export const asBroken = (result: ProbeResult) => brokenProbe(probedOf(result), keyOf(result));

const probedOf = (result: ProbeResult) => (result.kind === "met" ? result.probe : result.identity);

function keyOf(result: ProbeResult): HostProbe["hostKey"] {
  if (result.kind === "stream") return result.reading.hostKey;
  return result.kind === "met" && "hostKey" in result.probe ? result.probe.hostKey : null;
}

/**
 * A result, ready to be sent to another thread. Bytes that are part of a larger buffer would bring all of that along,
 * so they are copied; the stream itself is transferred.
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

/** The bytes in a buffer of their own. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isAlone ? new Uint8Array(buffer) : alone(bytes);
}

/** An error as it is sent to another thread, where its class and its code would be lost. */
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
