import { writePem } from "#codec/pem.ts";
import "reflect-metadata";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHMS = {
  "p-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "rsa-2048": makeRsa(2_048, "SHA-256"),
  "rsa-2048-sha1": makeRsa(2_048, "SHA-1"),
  "rsa-1024-sha1": makeRsa(1_024, "SHA-1"),
};
export type Algorithm = keyof typeof ALGORITHMS;

/** Validity in days before and after now. */
export type Validity = { agoDays: number; aheadDays: number };

const makeKeys = (algorithm: Algorithm) =>
  crypto.subtle.generateKey(ALGORITHMS[algorithm], true, ["sign", "verify"]);
type Keys = Awaited<ReturnType<typeof makeKeys>>;

export type Issued = { certificate: X509Certificate; keys: Keys; algorithm: Algorithm };

type Wish = Validity & {
  subject: string;
  algorithm: Algorithm;
  /** Null: it signs itself. */
  issuer: Issued | null;
  /** Names it serves; null: it is an authority. */
  names: readonly string[] | null;
};

/** Makes a certificate as real authorities and real appliances do. */
export async function issue({
  subject,
  algorithm,
  issuer,
  names,
  agoDays,
  aheadDays,
}: Wish): Promise<Issued> {
  const keys = await makeKeys(algorithm);
  const signer = issuer ?? { certificate: null, keys, algorithm };
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: signer.certificate?.subject ?? subject,
    notBefore: inDays(-agoDays),
    notAfter: inDays(aheadDays),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: ALGORITHMS[signer.algorithm],
    extensions: names ? describeServer(names) : describeAuthority(),
  });
  return { certificate, keys, algorithm };
}

export const toPem = ({ certificate }: Issued): string => `${certificate.toString("pem")}\n`;

export async function printKey({ keys }: Issued): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return writePem("PRIVATE KEY", new Uint8Array(bytes));
}

const describeServer = (names: readonly string[]) => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value })),
  ),
];

const describeAuthority = () => [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

const DAY_MS = 24 * 60 * 60 * 1_000;

/** An hour further away, so that whole days are said as such while the demo runs. */
const inDays = (days: number): Date =>
  new Date(Math.floor((Date.now() + (days + Math.sign(days) / 24) * DAY_MS) / 1_000) * 1_000);

function makeRsa(modulusLength: number, hash: string) {
  return { name: "RSASSA-PKCS1-v1_5", modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash };
}
