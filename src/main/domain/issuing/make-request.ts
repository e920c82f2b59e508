/** Requests, as @peculiar/x509 writes them. Import this only where one is made: 0058. */
import "reflect-metadata";
import { ExtendedKeyUsageExtension, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import ipaddr from "ipaddr.js";
import type { KeyKind } from "#shared/model/key-kind.ts";
import { isAddress } from "#shared/model/target.ts";
import {
  commonNameOf,
  handleOf,
  namesExtension,
  type SigningAlgorithm,
  type SubjectName,
  signingCrypto,
} from "./generator.ts";
import { PURPOSE } from "./purposes.ts";

type RequestWish = {
  /** DER of the public key. */
  spki: Uint8Array;
  key: KeyKind;
  /** DNS names and addresses, as a certificate has them. */
  names: readonly string[];
  /** It is asked for TLS servers and clients; else nothing is said of what it is for. */
  forClients?: boolean | undefined;
};

/** How it is signed: `hash` is null for Ed25519, and `ecdsa` means nothing for others than ECDSA. */
type SignHow = { hash: "SHA-256" | "SHA-384" | null; ecdsa: "ieee-p1363" };

/** Upper bound of RFC 5280. */
const MOST_COMMON_NAME = 64;

/** What asks for a certificate (PKCS #10, RFC 2986), DER. The private key is wherever `sign` is. */
export async function makeRequest(
  { spki, key, names, forClients = false }: RequestWish,
  sign: (data: Uint8Array, how: SignHow) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const common = names.find((name) => name.length <= MOST_COMMON_NAME && !isAddress(name)) ?? null;
  const purposes = forClients ? [new ExtendedKeyUsageExtension([PURPOSE.server, PURPOSE.client])] : [];
  const algorithm = ALGORITHMS[key];
  const made = await Pkcs10CertificateRequestGenerator.create(
    {
      name: commonNameOf(common),
      extensions: [namesExtension(names.map(toSubjectName), common === null), ...purposes],
      keys: { publicKey: handleOf("public", algorithm), privateKey: handleOf("private", algorithm) },
      signingAlgorithm: algorithm,
    },
    signingCrypto((data) => sign(data, { hash: algorithm.hash ?? null, ecdsa: "ieee-p1363" }), spki),
  );
  return new Uint8Array(made.rawData);
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

const ALGORITHMS: Record<KeyKind, SigningAlgorithm> = {
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  p384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "rsa-2048": RSA,
  "rsa-3072": RSA,
  "rsa-4096": RSA,
  ed25519: { name: "Ed25519" },
};

const toSubjectName = (name: string): SubjectName =>
  isAddress(name) ? { kind: "ip", bytes: ipaddr.parse(name).toByteArray() } : { kind: "dns", text: name };
