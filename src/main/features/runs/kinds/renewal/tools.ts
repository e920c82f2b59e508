import { readPem, writePem } from "#codec/pem.ts";
import { evaluateIssued } from "#domain/runs/renewal/evaluate-issued.ts";
import type { TrustReader } from "#domain/runs/renewal/trust.ts";
import type { Step } from "#domain/runs/step.ts";
import type { CertificateIndex } from "#domain/x509/path/path-certificate.ts";
import type {
  ChallengeOutcome,
  ChallengeDeps as NearHost,
  OrderCertificate,
} from "#net/challenges/challenge.ts";
import type { Failed, Lost, Refused } from "#net/ssh/session/remote-session.ts";
import type { ChainsAt } from "#net/tls/probe-endpoint.ts";
import type { Vault } from "#net/vault/vault.ts";
import {
  hostOf,
  type RunContext,
  type RunRequest,
  refusedByRoot,
  SessionLost,
  unreadablePlan,
} from "#runs/engine/runbook.ts";
import type { CertificateImport, ProvidedCertificate } from "#runs/kind.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Replacement, Service } from "#shared/model/runs/deployment.ts";
import { isRenewal, type RenewalPlan } from "#shared/model/runs/plan.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";
import type { RunId, RunOrder, RunState } from "#shared/model/runs/run.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { pathNamed } from "#shared/text/runs/host-refusal.ts";
import { formatOrderNote } from "#shared/text/runs/run.ts";
import type { CertificateKey, RunCertificate } from "#store/runs/run-certificate-table.ts";
import type { Store } from "#store/store.ts";

/** The orders of a run at issuers, as the database has them. */
type OrderBook = {
  all(): readonly RunCertificate[];
  get(key: CertificateKey): RunCertificate;
  /** On the disk when it resolves, and announced. */
  set(key: CertificateKey, more: Partial<RunCertificate>): Promise<void>;
};

/** What only renewals need of a run. */
export type RenewalTools = {
  orders: OrderBook;
  order: OrderCertificate;
  answer: (method: ChallengeMethod, challenge: AcmeChallenge, near: NearHost) => Promise<ChallengeOutcome>;
  vault: Pick<Vault, "state" | "createKey" | "open" | "sign" | "forget">;
  chainsAt: ChainsAt;
  /** The roots that are known here. */
  roots: () => CertificateIndex;
  /** DER of a known certificate; null if it is not known. */
  derOf: (sha256: string) => Uint8Array | null;
  /** For what the run has stopped before it was resumed. */
  shown: readonly RenewalTrust[];
  /** The issuer from which an earlier run got a certificate. */
  issuerOf: (sha256: string) => number | null;
  /** Reads the roots of all stores, against which who trusts a certificate is compared. */
  openTrust: () => Promise<TrustReader>;
  now: () => Date;
};

/** A run that renews certificates. */
export type RenewalRun = RunContext<RenewalPlan> & { request: RunRequest; renewal: RenewalTools };

export const toolsOf = ({ renewal }: RenewalRun): RenewalTools => renewal;

export const changesOf = (run: RenewalRun, step: Pick<Step, "host">): readonly Replacement[] =>
  hostOf(run, step).certificates ?? [];

export function keyOf(run: RenewalRun, step: Pick<Step, "host">, { id }: Replacement): CertificateKey {
  const { host, port } = hostOf(run, step);
  return { host, port, change: id };
}

/** What the run knows of a certificate of a host. */
export const orderOf = (run: RenewalRun, step: Pick<Step, "host">, change: Replacement) =>
  toolsOf(run).orders.get(keyOf(run, step, change));

/**
 * The servers that read any of these, each once; HAProxy once for each, for it may receive the files of one at a time.
 */
export function servicesOf(changes: readonly Pick<Replacement, "id" | "services">[]): Service[] {
  const all = changes.flatMap(({ id, services }) =>
    services.map((one) => {
      const of = one.server === "haproxy" ? id : "";
      return [`${one.server} ${one.config} ${of}`, one] as const;
    }),
  );
  return [...new Map(all).values()];
}

/** The cause of what a host refuses. Rejects with `SessionLost` if it is not known what the host did. */
export function tailCause(
  tail: Refused | Failed | Lost | { kind: "changed"; path: string },
  path: string,
): Cause {
  if (tail.kind === "lost") throw new SessionLost(tail.message);
  if (tail.kind === "changed") return { kind: "file-changed", path: tail.path };
  if (tail.why === "path-occupied" || tail.why === "no-space") return refusedByRoot(tail, path);
  return refusedByRoot(tail, pathNamed(tail.detail) ?? path);
}

type OrderBookDeps = { store: Store; announce: (announcement: Announcement) => void };

/**
 * The orders of a run at issuers. They are read from the database each time: others may import certificates meanwhile.
 */
export function openOrderBook({ store, announce }: OrderBookDeps, run: RunId): OrderBook {
  const { certificates } = store.runbooks;
  const get: OrderBook["get"] = ({ host, port, change }) => {
    const found = certificates
      .all(run)
      .find((one) => one.host === host && one.port === port && one.change === change);
    if (!found) throw new Error(`run ${run} has no certificate ${change} of ${host}`);
    return found;
  };
  return {
    all: () => certificates.all(run),
    get,
    async set(key, more) {
      await store.queueWrite(() => certificates.set(run, { ...get(key), ...more }));
      announce({ kind: "run-changed", runId: run });
    },
  };
}

/** An order as it is shown. */
export const toOrder = ({
  host,
  port,
  change,
  names,
  state,
  note,
  csr,
  sha256,
  trust,
}: RunCertificate): RunOrder => ({
  host,
  port,
  change,
  names,
  state,
  message: formatOrderNote(note),
  csr: csr && writePem("CERTIFICATE REQUEST", csr),
  sha256: sha256 === null ? null : Sha256.parse(sha256),
  trust: state === "issued" ? trust : null,
});

export type ProvisionDeps = {
  store: Store;
  roots: () => CertificateIndex;
  derOf: (sha256: string) => Uint8Array | null;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** The states in which a run installs no certificate any more. */
const OVER: ReadonlySet<RunState> = new Set<RunState>(["committed", "rolled-back"]);

/** Imports the certificate that a run waits for, whichever of its requests it answers. */
export function createCertificateImport({ store, roots, derOf, announce, now }: ProvisionDeps) {
  const { runs, plans, certificates } = store.runbooks;

  return async ({ runId, text }: CertificateImport): Promise<ProvidedCertificate> => {
    const run = runs.find(runId);
    if (!run) throw new Refusal("not-found", `there is no run ${runId}`);
    if (OVER.has(run.state)) throw new Refusal("conflict", `run ${runId} is over (${run.state})`);
    const plan = plans.find(run.planId)?.plan ?? null;
    if (!plan) throw unreadablePlan(runId);
    const renewal = isRenewal(plan) ? plan : null;
    const waiting = certificates.all(runId).filter(({ state, csr }) => csr !== null && state === "waits");
    if (waiting.length === 0) throw new Refusal("conflict", `run ${runId} waits for no certificate`);
    const came = readCame(text);
    const evaluated = waiting.map((order) => ({ order, answer: evaluate(order, renewal, came) }));
    const found =
      evaluated.find(({ answer }) => answer.kind === "sound" || !answer.isOtherKey) ?? evaluated[0];
    if (!found) throw new Error("a request is waited for, and none was evaluated");
    const { order, answer } = found;
    const where = `${formatHostAddress(order)}, ${order.names[0]}`;
    if (answer.kind === "faulty") throw new Refusal("invalid-input", `${where}: ${answer.why}`);
    const { chain, sha256, notes } = answer;
    const { host, port, change } = order;
    await store.queueWrite(() => {
      certificates.set(runId, { ...order, state: "issued", note: null, chain, sha256 });
      const detail = { run: runId, location: formatHostAddress(order), sha256 };
      store.events.append({ at: toInstant(now()), kind: "certificate-imported", detail });
    });
    announce({ kind: "run-changed", runId });
    return { host, port, change, sha256, notes };
  };

  function evaluate(order: RunCertificate, plan: RenewalPlan | null, came: readonly Uint8Array[]) {
    const planned = plan?.hosts.find(({ host, port }) => host === order.host && port === order.port);
    const change = planned?.certificates.find(({ id }) => id === order.change);
    const before = change ? derOf(change.old) : null;
    const about = { came, csr: order.csr ?? new Uint8Array(), before, narrower: change?.narrower ?? [] };
    return evaluateIssued({ ...about, roots: roots(), now: now() });
  }
}

function readCame(text: string): Uint8Array[] {
  const { ders } = readPem(Buffer.from(text, "utf8"));
  if (ders.length > 0) return ders;
  const bare = text.replaceAll(/\s/g, "");
  if (/^[A-Za-z0-9+/]+=*$/.test(bare)) return [Buffer.from(bare, "base64")];
  throw new Refusal("invalid-input", "this is no certificate: PEM is wanted, or DER in base64");
}
