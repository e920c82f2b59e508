import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import type { TlsSettings } from "#domain/server-configs/configuration.ts";
import type { RenewalRequest } from "#shared/contract/runs.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { ChallengeMethod, Issuer } from "#shared/model/issuers/issuer.ts";
import type { VaultState } from "#shared/model/issuers/vault.ts";
import type { DeploymentFile, Service, VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import type { Check } from "#shared/model/runs/plan.ts";
import type { RenewalOptions } from "#shared/model/runs/plan-options.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";

/** All that a plan of a renewal is made of: the inventory, and what was seen on the hosts and on the wire just now. */
export type RenewalFacts = {
  now: Instant;
  request: RenewalRequest;
  options: RenewalOptions;
  vault: VaultState;
  hosts: readonly { host: HostFacts; scanned: ScannedFacts; deployments: readonly DeploymentFacts[] }[];
  /** Notes about how all this was found. */
  said: readonly PlanNote[];
  /** What was requested and is in no file of a known host, each a sentence. */
  leftOut: readonly string[];
};

export type PlanNote = Pick<Check, "state" | "id" | "text">;

/**
 * When a host's servers were last read; null: it is not known. `changed`: configuration files that were written since.
 */
export type ScannedFacts = { at: Instant | null; changed: readonly string[] };

/** A certificate of a host, with all its files and servers. */
export type DeploymentFacts = {
  /** Its own request; absent if it is the same as for all. */
  request?: RenewalRequest;
  sha256: string;
  subject: string;
  /** As in a certificate: `DNS:`, `IP:`. */
  names: readonly string[];
  /** Its extended key usages as OIDs; null: it has none, and is for anything. */
  purposes: readonly string[] | null;
  notAfter: Instant;
  keyType: string;
  keyBits: number | null;
  curve: string | null;
  /** Hosts that have the very same certificate. */
  hostsInCommon: number;
  issuer: Issuer | null;
  /** Who trusts it now, and will trust the new one. */
  trust: RenewalTrust;
  /** Why there is no issuer; empty if there is one. */
  whyNoIssuer: string;
  challenge: ChallengeMethod | null;
  /** Why there is no challenge method, if one is needed; else empty. */
  whyNoChallenge: string;
  files: readonly DeploymentFileFacts[];
  services: readonly Service[];
  /** Those of them whose own test fails now, with its output. */
  failing: readonly FailingServer[];
  /** The TLS settings of each of its servers, where it names the certificate. */
  settings: readonly KeySettings[];
  verificationEndpoints: readonly EndpointFacts[];
  /** Why Latchkey cannot renew it, as a phrase; null: it can. */
  obstacle: string | null;
  /** What is not known of its servers, each a phrase. */
  wonders: readonly string[];
};

/** `said`: in words of the host. */
export type FailingServer = Pick<Service, "server" | "where"> & { said: string };

/** Null: they are not read. */
export type KeySettings = Pick<Service, "server" | "where"> & { tls: TlsSettings | null };

export type DeploymentFileFacts = Pick<DeploymentFile, "path" | "real" | "holds"> & {
  /** Why it cannot be replaced, as a phrase; then the rest may not be known. */
  refusal: string | null;
  stat: Omit<DeploymentFile, "path" | "real" | "holds"> | null;
  /** A program of the host that renews it by itself, and the command that makes it do so. */
  managed: { by: string; command: string } | null;
  /** The run that has locked it. */
  heldBy: string | null;
};

export type EndpointFacts = VerificationEndpoint & {
  /** Why nothing could be read there, as a sentence; null if something was. */
  unreadable: string | null;
  /** What is shown there is meant for another endpoint of the host. */
  isOthers: boolean;
};
