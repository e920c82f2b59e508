import type { CertificateIndex } from "#domain/x509/path/certificate-index.ts";
import type { Answered, Near as NearHost } from "#net/challenges/challenge.ts";
import type { OrderCertificate } from "#net/issuing/order.ts";
import type { ChainsAt } from "#net/tls/chains-at.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { AcmeChallenge } from "#shared/model/acme.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { CertificateKey, RunCertificate } from "#store/runbooks/run-certificate-table.ts";

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
  /** The vault is locked, and the run can only go on once it is not: nothing more is begun. */
  hold(why: string): void;
  heldBy: () => string | null;
};
