import type { CertificateChange, PairFile } from "#shared/model/pair.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import { sayChallengeWay } from "#shared/text/challenge-way.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayHolds, sayServedProof } from "#shared/text/pair.ts";

/** In which order hosts get theirs, what ends it, and what follows: a plan from a file may have options that nobody here has set. */
export function sayOptions({ options, hosts }: RenewalPlan): string[] {
  const { canary, batchSize, maxFailures, deadManSeconds, recheckMinutes } = options;
  const atATime = `${sayCount(batchSize, "host")} at a time`;
  return [
    ...(hosts.length > 1 ? [canary ? `one host first, alone; then ${atATime}` : atATime] : []),
    `no other host is begun after ${sayCount(maxFailures, "host")} failed`,
    `what is not proved after ${sayCount(deadManSeconds, "second")} comes back by itself`,
    recheckMinutes === 0
      ? "what is served is not looked at again before the old files go"
      : `the old files go once all was looked at again, ${sayCount(recheckMinutes, "minute")} later`,
  ].map((text) => `  ${text}`);
}

/** What becomes of a certificate of a host. */
export function sayCertificate(change: CertificateChange): string[] {
  const { subject, names, notAfter, issuer, key, challenge, files, consumers, proofs } = change;
  const made = key.made === "there" ? "made there, which it never leaves" : "made on this computer, and sent";
  return [
    `  ~ ${subject || names[0]}, until ${notAfter.slice(0, 10)}: a new one of ${issuer.name} for ${names.join(", ")}`,
    `    ${key.kind} key, ${made}`,
    ...(challenge ? [`    its names are shown to be yours by ${sayChallengeWay(challenge)}`] : []),
    ...files.map((file) => `    ${file.path}${sayReal(file)}: ${sayHolds(file)}`),
    ...consumers.map(
      ({ server, where, test, reload }) =>
        `    ${server} (${where}): ${test === "staged" ? "tries the new files first; " : ""}told by ${reload}`,
    ),
    ...(proofs.length > 0 ? [`    proved at ${proofs.map(sayServedProof).join(", ")}`] : []),
  ];
}

const sayReal = ({ path, real }: PairFile): string => (real === path ? "" : ` (${real})`);
