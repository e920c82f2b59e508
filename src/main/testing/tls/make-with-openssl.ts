import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Algorithms of which openssl makes keys, as arguments of `openssl genpkey`. */
export const ALGORITHMS = {
  rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "rsa-1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
  "rsa-pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
  "p-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "p-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "p-521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  "p-192": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime192v1"],
  secp256k1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
  brainpoolP256r1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
  brainpoolP384r1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"],
  "explicit-p-256": [
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-pkeyopt",
    "ec_param_enc:explicit",
  ],
  ed25519: ["-algorithm", "ED25519"],
  ed448: ["-algorithm", "ED448"],
  "ml-dsa-44": ["-algorithm", "ML-DSA-44"],
  "ml-dsa-65": ["-algorithm", "ML-DSA-65"],
  "ml-dsa-87": ["-algorithm", "ML-DSA-87"],
  "slh-dsa-sha2-128s": ["-algorithm", "SLH-DSA-SHA2-128s"],
  "slh-dsa-shake-128f": ["-algorithm", "SLH-DSA-SHAKE-128f"],
} satisfies Record<string, string[]>;
export type Algorithm = keyof typeof ALGORITHMS;

type CertificateOptions = {
  algorithm?: Algorithm;
  subject?: string;
  /** Extensions as `openssl req -addext` takes them. */
  extensions?: readonly string[];
  /** Further arguments of `openssl req`, such as `-sha1`. */
  extra?: readonly string[];
  /** Signs it; without an issuer it is self-signed. */
  issuer?: Made;
};

export type Made = { certificatePath: string; keyPath: string; pem: string; keyPem: string; der: Buffer };

/** A certificate by the openssl command, in `folder` under `name`. */
export async function makeWithOpenssl(
  folder: string,
  name: string,
  wish: CertificateOptions = {},
): Promise<Made> {
  const { algorithm = "p-256", subject = `/CN=${name}`, extensions = [], extra = [], issuer } = wish;
  const keyPath = join(folder, `${name}.key`);
  const certificatePath = join(folder, `${name}.pem`);
  await run("openssl", ["genpkey", ...ALGORITHMS[algorithm], "-out", keyPath]);
  await run("openssl", [
    "req",
    "-x509",
    "-new",
    "-utf8",
    "-key",
    keyPath,
    "-out",
    certificatePath,
    "-days",
    "90",
    "-subj",
    subject,
    ...extensions.flatMap((extension) => ["-addext", extension]),
    ...(issuer ? ["-CA", issuer.certificatePath, "-CAkey", issuer.keyPath] : []),
    ...extra,
  ]);
  const pem = await readFile(certificatePath, "utf8");
  return { certificatePath, keyPath, pem, keyPem: await readFile(keyPath, "utf8"), der: toDer(pem) };
}

const toDer = (pem: string): Buffer =>
  Buffer.from(pem.replace(/-----[^-]+-----/g, "").replace(/\s+/g, ""), "base64");

/** Writes certificates one after another into a file, as servers send them; returns its path. */
export async function writeChain(folder: string, name: string, chain: readonly Made[]): Promise<string> {
  const path = join(folder, `${name}.chain.pem`);
  await writeFile(path, chain.map(({ pem }) => pem).join(""));
  return path;
}
