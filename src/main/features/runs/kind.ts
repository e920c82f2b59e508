/**
 * All that one kind of run gives to the feature: how its plans are made, what its runs do, what is shown of them, and
 * what people import for them. A new kind is one of these values, and a line in the table of `index.ts`.
 */
import type { PlanDetail } from "#shared/contract/runs.ts";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { AccountWatch } from "#shared/model/runs/disabled-account.ts";
import type { ImportedResult, ResultInput, Scripts } from "#shared/model/runs/offline-script.ts";
import type { HostAddress, PlanKind } from "#shared/model/runs/plan.ts";
import type { RemainingAccess } from "#shared/model/runs/remaining-access.ts";
import type { OldKeyWatch, RunClaim, RunConfirmation, RunId, RunOrder } from "#shared/model/runs/run.ts";
import type { RunRecord } from "#store/runs/run-table.ts";
import type { Runbook, RunContext } from "./engine/runbook.ts";
import type { Agreement, Planner } from "./planning/plans.ts";

export type RunKind<R extends RunContext = RunContext> = {
  readonly runbook: Runbook<R>;
  readonly planner: Planner;

  /** What is shown of a run beside its steps. */
  describe(run: RunRecord): RunParticulars;

  /** Stores how people confirm a run's new key. Null: its runs verify each login themselves. */
  readonly confirm: ((confirmation: KeyConfirmation) => Promise<void>) | null;

  /** Imports a certificate that a run waits for. Null: its runs wait for none. */
  readonly provideCertificate: ((certificate: CertificateImport) => Promise<ProvidedCertificate>) | null;

  /** Executes its plans by scripts, on hosts that cannot be reached from here; `refusal`: why no script can. */
  readonly offline: OfflineRuns | { refusal: string };
};

export type RunKinds = { readonly [kind in PlanKind]: RunKind };

export type RunParticulars = {
  orders: RunOrder[];
  confirmation: RunConfirmation | null;
  oldKeyWatch: OldKeyWatch | null;
  accountWatch: AccountWatch | null;
  claims: RunClaim[];
  remaining: RemainingAccess[];
  removeKept: string[];
};

/** Of a run of which its steps say all. */
export const NO_PARTICULARS: RunParticulars = {
  orders: [],
  confirmation: null,
  oldKeyWatch: null,
  accountWatch: null,
  claims: [],
  remaining: [],
  removeKept: [],
};

export type KeyConfirmation = {
  runId: RunId;
  /** A signature of the run's challenge, armored. */
  signature: string | null;
  approvals: readonly (HostAddress & { account: string })[];
};

/** `text`: PEM, or DER in base64. */
export type CertificateImport = { runId: RunId; text: string };

export type ProvidedCertificate = {
  host: string;
  port: number;
  change: string;
  sha256: Sha256;
  notes: string[];
};

export type OfflineRuns = {
  exportScripts(plan: PlanDetail, request: Agreement & { signWith: string | null }): Promise<Scripts>;
  importResult(result: ResultInput): Promise<ImportedResult>;
  /** Goes on with a run by the claims that readings of its hosts confirm. Returns how many claims that were. */
  confirmClaims(run: RunId): Promise<number>;
  /** The claims of a run, each evaluated by the last reading of its host. */
  listClaims(run: RunRecord): RunClaim[];
  /** Refuses to go on with it from here, and says why. */
  refuseUnconfirmed(run: RunRecord): never;
};
