import type { GivenBundle } from "#shared/contract/bundles.ts";
import type { BundleSignature } from "#shared/model/bundle.ts";
import type { ImportedBundle } from "#shared/model/imported-bundle.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { HeldHere } from "#store/people/people-store.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import type { ProbeResult, SerializedError } from "./probe-result.ts";

/** A host key that is trusted from now on, for nobody has seen another one of this host. */
export type AcceptedKey = Omit<Parameters<RecordingStore["pins"]["put"]>[0], "source" | "pinnedAt">;

export type EndedState = "finished" | "cancelled" | "interrupted";

/** What is waited for. `begin` and `accept` come before all visits that wait; the others after those before them. */
export type Request =
  | { kind: "begin"; asked: readonly RequestedTarget[]; at: Instant }
  | { kind: "accept"; key: AcceptedKey; at: Instant }
  | { kind: "hold"; held: HeldHere; at: Instant }
  | { kind: "import"; bundle: CarriedBundle; at: Instant }
  | { kind: "settle" }
  | { kind: "finish"; scanId: ScanId; state: EndedState; at: Instant };

/** A bundle that is imported, and what is known of it beside its bytes. */
export type CarriedBundle = Pick<GivenBundle, "as" | "approved"> & {
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

export type AskedFor = { kind: "request"; id: number; request: Request };

/** What the recorder is told. `lend` and `give-back`: somebody else writes in between. */
export type Sent =
  | { kind: "visits"; visits: readonly ProbeResult[] }
  | AskedFor
  | { kind: "lend" }
  | { kind: "give-back" }
  | { kind: "close" };

/** What the recorder tells. */
export type Told =
  /** So many visits wait no longer, nor so many bytes of what they sent, and there is news of these scans. */
  | { kind: "written"; visits: number; bytes: number; scanIds: readonly ScanId[] }
  /** Nothing more of this scan is written. */
  | { kind: "failed"; scanId: ScanId; error: SerializedError }
  | { kind: "answer"; id: number; answer: Answer }
  | { kind: "refusal"; id: number; error: SerializedError }
  /** It writes nothing until it is given back. */
  | { kind: "lent" }
  /** A fault of this program in one visit; the others go on. */
  | { kind: "fault"; error: SerializedError }
  /** It does nothing any more. */
  | { kind: "dead"; error: SerializedError };

/** A recorder, wherever it runs. */
export type RecorderLink = {
  /** `transfer`: memory that is the other's from now on. */
  send(sent: Sent, transfer?: ArrayBuffer[]): void;
  /** Resolves once it has ended. Nothing may wait to be written any more. */
  close(): Promise<void>;
};

export type Hear = (told: Told) => void;
