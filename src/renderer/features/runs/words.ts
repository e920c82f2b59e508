import { beginLarge } from "#renderer/ui/text.tsx";
import type { IssuerKind } from "#shared/model/issuers/issuer.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import type { Replacement, ServerKind } from "#shared/model/runs/deployment.ts";
import {
  type DisablePlan,
  newKeyOf,
  type Plan,
  type PlanKind,
  plannedCertificates,
  plannedFiles,
  privateKeysByHost,
  privateKeysHere,
  type ReloadPlan,
  type RemovePlan,
  type RenewalPlan,
  type RollbackTimer,
} from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { countLines, formatCounts, formatNewKey, formatPhase, formatUndo } from "#shared/text/runs/plan.ts";

export const KINDS: Record<PlanKind, string> = {
  "rotate-key": "Rotate a key",
  "rotate-host-key": "Rotate a host key",
  "add-grants": "Add grants",
  "remove-grants": "Remove grants",
  "tighten-grants": "Tighten grants",
  "move-to-authority": "Move to an authority",
  "rotate-certificate": "Renew certificates",
  reload: "Reload servers",
  "disable-account": "Disable accounts",
  "remove-account": "Remove accounts",
};

/** What a phase does, as it begins a line. */
export const formatPhaseTitle = (phase: Phase, kind: PlanKind): string =>
  beginLarge(formatPhase(phase, kind));

export const ROLLBACK_TIMERS: Record<RollbackTimer, string> = {
  "systemd-run": "systemd-run",
  at: "at",
  sleep: "a process that sleeps",
};

/** `Plan: 3 to add, 1 to change, 2 to remove on 4 hosts`. */
export const formatPlan = (plan: Plan): string =>
  plan.kind === "rotate-certificate" && plan.hosts.length === 0
    ? "Plan: no certificate to renew"
    : plan.kind === "reload" && plan.hosts.length === 0
      ? "Plan: no server to reload"
      : `Plan: ${formatCounts(plan)}`;

/** What a run of the plan does, in this order; each phase begins when the one before is verified everywhere. */
export function describeOrder(plan: Plan): { title: string; text: string }[] {
  if (plan.kind === "rotate-certificate") return describeRenewalOrder(plan);
  if (plan.kind === "reload") return describeReloadOrder(plan);
  if (plan.kind === "disable-account") return describeDisableOrder(plan);
  if (plan.kind === "remove-account") return describeRemovalOrder(plan);
  const { kind, options } = plan;
  const newKey = newKeyOf(plan);
  const files = plannedFiles(plan);
  const privateKeys = [...privateKeysHere(plan), ...privateKeysByHost(plan).flat()];
  const adds = files.some(({ added }) => added !== null);
  const isVerified =
    kind === "rotate-host-key" ||
    plan.hosts.some(({ verifications }) =>
      verifications.some(({ verification }) => verification.kind !== "none"),
    );
  const removes = files.some(({ removed }) => removed !== null);
  const keepsForUndo = options.undoHours > 0 && !("asOf" in plan && plan.asOf !== null);
  return [
    ...(newKey === null || newKey.kind === "provided"
      ? []
      : [{ title: formatPhaseTitle("create-key", kind), text: formatNewKey(newKey) }]),
    ...(adds
      ? [
          {
            title: formatPhaseTitle("grant", kind),
            text: `${formatPace(plan)}${isVerified ? "; each is verified before it counts" : ""}`,
          },
        ]
      : []),
    ...(privateKeys.length === 0
      ? []
      : [
          {
            title: formatPhaseTitle("install-key", kind),
            text: `${formatCount(privateKeys.length, "private key")} replaced; the old ones are kept until the end`,
          },
        ]),
    ...(removes && options.graceDays > 0
      ? [
          {
            title: "Watch the logs",
            text: `${formatCount(options.graceDays, "day")}, while logs are watched for uses of the old key`,
          },
        ]
      : []),
    ...(removes
      ? [
          {
            title: formatPhaseTitle("revoke", kind),
            text: adds ? "the old lines are revoked once every host is verified" : formatPace(plan),
          },
        ]
      : []),
    ...(keepsForUndo ? [{ title: formatPhaseTitle("keep", kind), text: formatUndo(plan) }] : []),
    {
      title: formatPhaseTitle("finish", kind),
      text: keepsForUndo
        ? "what was kept is deleted"
        : `the copies that were kept are deleted; ${formatUndo(plan)}`,
    },
  ];
}

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

export const formatKeyMade = ({ kind, made }: Replacement["key"]): string =>
  `${KEY_KINDS[kind]}, ${made === "there" ? "made on the host, which it never leaves" : "made on this computer, in the vault, and sent"}`;

/** What a run that renews certificates does, in this order. */
function describeRenewalOrder(plan: RenewalPlan): { title: string; text: string }[] {
  const changes = plannedCertificates(plan);
  const { postCheckMinutes } = plan.options;
  const issuers = [...new Set(changes.map(({ issuer }) => issuer.name))].join(", ");
  const waits = changes.some(({ issuer }) => issuer.kind === "csr");
  const isHere = changes.some(({ key }) => key.made === "here");
  const titled = (phase: Phase, text: string) => ({
    title: formatPhaseTitle(phase, plan.kind),
    text,
  });
  return [
    titled("request", isHere ? "a key and a request are made" : "a key and a request are made on each host"),
    titled(
      "issue",
      `by ${issuers}${waits ? "; the run waits for the certificates" : ""}; each certificate is checked`,
    ),
    titled(
      "install",
      `${formatPace(plan)}; tested first, then deployed, reloaded, and verified where they are served; otherwise the old files are restored`,
    ),
    ...(postCheckMinutes === 0
      ? []
      : [
          titled(
            "post-check",
            `${formatCount(postCheckMinutes, "minute")} later, whether it is served still`,
          ),
        ]),
    titled("finish", `the old files are deleted; ${formatUndo(plan)}`),
  ];
}

/** What a run that reloads servers does, in this order. */
const describeReloadOrder = (plan: ReloadPlan): { title: string; text: string }[] => [
  {
    title: formatPhaseTitle("test", plan.kind),
    text: "each server tests its own configuration; one that fails is not reloaded, nor is anything else on its host",
  },
  {
    title: formatPhaseTitle("reload", plan.kind),
    text: `${formatPace(plan)}; then a handshake at every endpoint shows whether it serves what its files hold. Nothing of this can be undone`,
  },
];

/** What a run that disables accounts does, in this order. */
function describeDisableOrder(plan: DisablePlan): { title: string; text: string }[] {
  const { removes } = countLines(plannedFiles(plan));
  const { graceDays } = plan.options;
  return [
    {
      title: formatPhaseTitle("disable", plan.kind),
      text: `${formatPace(plan)}; password locked, expired, no login shell. A new login verifies it; otherwise the host rolls back`,
    },
    ...(removes === 0
      ? []
      : [
          {
            title: formatPhaseTitle("revoke", plan.kind),
            text: `${formatCount(removes, "grant")} revoked once every account is shut`,
          },
        ]),
    {
      title: "Watch the logs",
      text: `${formatCount(graceDays, "day")}: each use is shown with its line, and begins the days anew`,
    },
    { title: formatPhaseTitle("finish", plan.kind), text: beginLarge(formatUndo(plan)) },
  ];
}

/** What a run that removes accounts does, in this order. */
const describeRemovalOrder = (plan: RemovePlan): { title: string; text: string }[] => [
  {
    title: formatPhaseTitle("remove", plan.kind),
    text: `${formatPace(plan)}; exactly the lines that are shown. A new login verifies that nothing answers for it any more; otherwise the host rolls back`,
  },
  {
    title: formatPhaseTitle("finish", plan.kind),
    text: `the run that has disabled them ends; ${formatUndo(plan)}`,
  },
];

/** On which hosts, and how many at a time. */
function formatPace({ hosts, options }: Plan): string {
  const [first] = hosts;
  if (hosts.length === 1 || !first) return `on ${first ? formatHost(first) : "no host"}`;
  const pace = `${formatCount(options.batchSize, "host")} at a time`;
  return options.canary ? `${formatHost(first)} alone first, then ${pace}` : pace;
}
