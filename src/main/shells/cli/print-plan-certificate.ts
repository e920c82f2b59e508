import type { CertificateChange, PairFile, ServedProof } from "#shared/model/pair.ts";

/** What becomes of a certificate of a host. */
export function sayCertificate(change: CertificateChange): string[] {
  const { subject, names, notAfter, issuer, key, files, consumers, proofs } = change;
  const made = key.made === "there" ? "made there, which it never leaves" : "made on this computer, and sent";
  return [
    `  ~ ${subject || names[0]}, until ${notAfter.slice(0, 10)}: a new one of ${issuer.name} for ${names.join(", ")}`,
    `    ${key.kind} key, ${made}`,
    ...files.map((file) => `    ${file.path}${sayReal(file)}: ${HOLDS[file.holds]}`),
    ...consumers.map(
      ({ server, where, test, reload }) =>
        `    ${server} (${where}): ${test === "staged" ? "tries the new files first; " : ""}told by ${reload}`,
    ),
    ...(proofs.length > 0 ? [`    proved at ${proofs.map(sayProof).join(", ")}`] : []),
  ];
}

const HOLDS: Record<PairFile["holds"], string> = {
  chain: "the certificate and what leads to its root",
  leaf: "the certificate alone",
  intermediates: "what leads to its root",
  key: "the private key",
  "key+chain": "the private key, the certificate and what leads to its root",
  pkcs12: "a keystore (PKCS#12)",
  jks: "a keystore (JKS)",
};

const sayReal = ({ path, real }: PairFile): string => (real === path ? "" : ` (${real})`);

const sayProof = ({ address, port, serverName, dialogue }: ServedProof): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}${serverName === null ? "" : `/${serverName}`}${dialogue === null ? "" : ` (${dialogue})`}`;
