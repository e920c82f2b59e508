import type { Step } from "#domain/runs/step.ts";
import type { CertificateIndex } from "#domain/x509/path/path-certificate.ts";
import type { Answered, Near as NearHost } from "#net/challenges/challenge.ts";
import type { OrderCertificate } from "#net/issuing/order.ts";
import type { Failed, Refused } from "#net/ssh/hand/exchange.ts";
import type { Lost } from "#net/ssh/hand/hand.ts";
import type { ChainsAt } from "#net/tls/chains-at.ts";
import type { Vault } from "#net/vault/vault.ts";
import { hostOf, type RunContext, SessionLost } from "#runs/engine/run-context.ts";
import type { RunRequest } from "#runs/engine/runbook.ts";
import type { AcmeChallenge } from "#shared/model/acme.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { CertificateChange, Consumer } from "#shared/model/pair.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import { formatRefusedByRoot, pathNamed } from "#shared/text/host-refusal.ts";
import type { CertificateKey, RunCertificate } from "#store/runs/run-certificate-table.ts";

/** What a run has asked issuers for, as it is written down. */
export type OrderBook = {
  all(): readonly RunCertificate[];
  get(key: CertificateKey): RunCertificate;
  /** On the disk when it resolves, and announced. */
  set(key: CertificateKey, more: Partial<RunCertificate>): Promise<void>;
};

/** What only renewals need of a run. */
export type RenewalTools = {
  orders: OrderBook;
  order: OrderCertificate;
  answer: (way: ChallengeWay, challenge: AcmeChallenge, near: NearHost) => Promise<Answered>;
  vault: Pick<Vault, "state" | "makeKey" | "open" | "sign" | "forget">;
  chainsAt: ChainsAt;
  /** Roots that are known here. */
  roots: () => CertificateIndex;
  /** DER of a certificate that is known; null where it is not. */
  derOf: (sha256: string) => Uint8Array | null;
  /** Whom a certificate was had of by a run before. */
  issuerOf: (sha256: string) => number | null;
  now: () => Date;
};

/** A run that renews certificates. */
export type RenewalRun = RunContext<RenewalPlan> & { request: RunRequest; renewal: RenewalTools };

export const toolsOf = ({ renewal }: RenewalRun): RenewalTools => renewal;

export const changesOf = (run: RenewalRun, step: Pick<Step, "host">): readonly CertificateChange[] =>
  hostOf(run, step).certificates ?? [];

export function keyOf(run: RenewalRun, step: Pick<Step, "host">, { id }: CertificateChange): CertificateKey {
  const { host, port } = hostOf(run, step);
  return { host, port, change: id };
}

/** As the run knows it, of a host's certificate. */
export const orderOf = (run: RenewalRun, step: Pick<Step, "host">, change: CertificateChange) =>
  toolsOf(run).orders.get(keyOf(run, step, change));

/** The servers that read any of these, each once; HAProxy for each, for it may be given the files of one at a time. */
export function consumersOf(changes: readonly Pick<CertificateChange, "id" | "consumers">[]): Consumer[] {
  const all = changes.flatMap(({ id, consumers }) =>
    consumers.map((one) => {
      const of = one.server === "haproxy" ? id : "";
      return [`${one.server} ${one.config} ${of}`, one] as const;
    }),
  );
  return [...new Map(all).values()];
}

/** What a host will not do, as a sentence. Rejects with `SessionLost` where nothing is known of what it did. */
export function formatTail(
  tail: Refused | Failed | Lost | { kind: "changed"; path: string },
  path: string,
): string {
  if (tail.kind === "lost") throw new SessionLost(tail.message);
  if (tail.kind === "changed") return `${tail.path} was changed by somebody else since the plan was made`;
  if (tail.why === "in-the-way" || tail.why === "no-space") return formatRefusedByRoot(tail, path);
  return formatRefusedByRoot(tail, pathNamed(tail.detail) ?? path);
}
