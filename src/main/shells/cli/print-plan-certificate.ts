import type { CertificateChange, PairFile } from "#shared/model/pair.ts";
import { sayChallengeWay } from "#shared/text/challenge-way.ts";
import { sayHolds, sayServedProof } from "#shared/text/pair.ts";

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
