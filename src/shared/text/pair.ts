import type { DeploymentFile, VerificationEndpoint } from "../model/pair.ts";

const HOLDS: Record<DeploymentFile["holds"], string> = {
  chain: "the certificate and what leads to its root",
  leaf: "the certificate alone",
  intermediates: "what leads to its root",
  key: "the private key",
  "key+chain": "the private key, the certificate and what leads to its root",
  pkcs12: "a keystore (PKCS#12)",
  jks: "a keystore (JKS)",
};

export const formatHolds = ({ holds }: Pick<DeploymentFile, "holds">): string => HOLDS[holds];

/** `web1:443/shop.example (smtp, 192.0.2.1, from its host)`: where it is looked at, by which name, and what is said before. */
export function formatServedVerification(proof: VerificationEndpoint): string {
  const { dialogue, addresses = [], from } = proof;
  const how = [
    ...(dialogue === null ? [] : [dialogue]),
    ...addresses,
    ...(from === "host" ? [FROM_HOST] : []),
  ];
  return `${formatPoint(proof)}${how.length === 0 ? "" : ` (${how.join(", ")})`}`;
}

const FROM_HOST = "from its host";

export const formatPoint = ({
  address,
  port,
  serverName,
}: Pick<VerificationEndpoint, "address" | "port" | "serverName">): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}${serverName === null ? "" : `/${serverName}`}`;
