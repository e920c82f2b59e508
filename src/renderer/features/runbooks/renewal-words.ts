import { beginLarge } from "#renderer/ui/text.tsx";
import type { IssuerKind } from "#shared/model/issuer.ts";
import type { KeyKind } from "#shared/model/key-kind.ts";
import type { CertificateChange, ServerKind } from "#shared/model/pair.ts";
import { plannedCertificates, type RenewalPlan } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatPhase } from "#shared/text/plan.ts";
import { formatPace } from "./say-pace.ts";

export const KEY_KINDS: Record<KeyKind, string> = {
  p256: "ECDSA P-256",
  p384: "ECDSA P-384",
  "rsa-2048": "RSA 2048",
  "rsa-3072": "RSA 3072",
  "rsa-4096": "RSA 4096",
  ed25519: "Ed25519",
};

export const ISSUER_KINDS: Record<IssuerKind, string> = {
  local: "an authority of your own",
  acme: "an ACME directory",
  csr: "a person, who brings the certificate",
};

export const SERVER_NAMES: Record<ServerKind, string> = {
  nginx: "nginx",
  apache: "Apache",
  haproxy: "HAProxy",
  postfix: "Postfix",
  dovecot: "Dovecot",
  slapd: "slapd",
  postgresql: "PostgreSQL",
  mariadb: "MariaDB",
  described: "a server that was described",
};

export const formatKeyMade = ({ kind, made }: CertificateChange["key"]): string =>
  `${KEY_KINDS[kind]}, ${made === "there" ? "made on the host, which it never leaves" : "made on this computer, in the vault, and sent"}`;

/** What a run that renews certificates does, in this order. */
export function formatRenewalOrder(plan: RenewalPlan): { title: string; text: string }[] {
  const changes = plannedCertificates(plan);
  const { recheckMinutes } = plan.options;
  const issuers = [...new Set(changes.map(({ issuer }) => issuer.name))].join(", ");
  const waits = changes.some(({ issuer }) => issuer.kind === "csr");
  const isHere = changes.some(({ key }) => key.made === "here");
  const titled = (phase: Parameters<typeof formatPhase>[0], text: string) => ({
    title: beginLarge(formatPhase(phase, plan.kind)),
    text,
  });
  return [
    titled("request", isHere ? "a key and a request are made" : "a key and a request are made on each host"),
    titled(
      "issue",
      `by ${issuers}${waits ? "; the run waits until what was signed is brought" : ""}; what comes back is checked`,
    ),
    titled(
      "install",
      `${formatPace(plan)}; tried first, then put in place, told, and proved where it is served; else the old files go back`,
    ),
    ...(recheckMinutes === 0
      ? []
      : [titled("recheck", `${formatCount(recheckMinutes, "minute")} later, whether it is served still`)]),
    titled("commit", "the old files are dropped; from then on nothing is taken back"),
  ];
}
