import type { PairFile, ServedProof } from "../model/pair.ts";

const HOLDS: Record<PairFile["holds"], string> = {
  chain: "the certificate and what leads to its root",
  leaf: "the certificate alone",
  intermediates: "what leads to its root",
  key: "the private key",
  "key+chain": "the private key, the certificate and what leads to its root",
  pkcs12: "a keystore (PKCS#12)",
  jks: "a keystore (JKS)",
};

export const sayHolds = ({ holds }: Pick<PairFile, "holds">): string => HOLDS[holds];

/** `192.0.2.1:443/shop.example (smtp)`: where it is looked at, by which name, and what is said before. */
export const sayServedProof = ({ address, port, serverName, dialogue }: ServedProof): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}${serverName === null ? "" : `/${serverName}`}${dialogue === null ? "" : ` (${dialogue})`}`;
