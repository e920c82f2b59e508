import type { DeploymentFile, Replacement } from "#shared/model/pair.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import { formatChallengeWay } from "#shared/text/challenge-way.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHolds, formatServedVerification } from "#shared/text/pair.ts";

/** In which order hosts get theirs, what ends it, and what follows: a plan from a file may have options that nobody here has set. */
export function formatOptions({ options, hosts }: RenewalPlan): string[] {
  const { canary, batchSize, maxFailures, deadManSeconds, recheckMinutes } = options;
  const atATime = `${formatCount(batchSize, "host")} at a time`;
  return [
    ...(hosts.length > 1 ? [canary ? `one host first, as a canary; then ${atATime}` : atATime] : []),
    `stops after ${formatCount(maxFailures, "failed host")}`,
    `a host rolls back by itself unless it is verified within ${formatCount(deadManSeconds, "second")}`,
    recheckMinutes === 0
      ? "the old files are removed without a post-deployment check"
      : `the old files are removed after a post-deployment check, ${formatCount(recheckMinutes, "minute")} later`,
  ].map((text) => `  ${text}`);
}

/** What becomes of a certificate of a host. */
export function formatCertificate(change: Replacement): string[] {
  const { subject, names, notAfter, issuer, key, challenge, files, consumers, proofs } = change;
  const made =
    key.made === "there"
      ? "created on the host, which it never leaves"
      : "created on this computer, and sent to the host";
  return [
    `  ~ ${subject || names[0]}, until ${notAfter.slice(0, 10)}: a new one from ${issuer.name} for ${names.join(", ")}`,
    `    ${key.kind} key, ${made}`,
    ...(challenge ? [`    ACME challenge: ${formatChallengeWay(challenge)}`] : []),
    ...files.map((file) => `    ${file.path}${formatReal(file)}: ${formatHolds(file)}`),
    ...consumers.map(
      ({ server, where, test, reload }) =>
        `    ${server} (${where}): ${test === "staged" ? "tests the new files first; " : ""}reloaded by ${reload}`,
    ),
    ...(proofs.length > 0 ? [`    verified at ${proofs.map(formatServedVerification).join(", ")}`] : []),
  ];
}

const formatReal = ({ path, real }: DeploymentFile): string => (real === path ? "" : ` (${real})`);
