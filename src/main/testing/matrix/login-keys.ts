/** Every key that a row may name: made once, the private halves in a folder of the test's. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DSA_LINE } from "#testing/demo/keys.ts";
import { type Hand, makeSecurityKey, startSecurityKeyAgent } from "./soft-security-key.ts";

const run = promisify(execFile);

const KINDS = {
  key: ["-t", "ed25519"],
  holder: ["-t", "ed25519"],
  ca: ["-t", "ed25519"],
  ca2: ["-t", "ed25519"],
  rsa: ["-t", "rsa", "-b", "2048"],
  rsa1024: ["-t", "rsa", "-b", "1024"],
  rsa3072: ["-t", "rsa", "-b", "3072"],
  p256: ["-t", "ecdsa", "-b", "256"],
  p384: ["-t", "ecdsa", "-b", "384"],
  p521: ["-t", "ecdsa", "-b", "521"],
} satisfies Record<string, string[]>;

/** What ssh-keygen is told for a certificate of "holder". */
export type CertificateRequest = {
  by: string;
  principals: string;
  validity?: string;
  serial?: number;
  id?: string;
  options?: readonly string[];
};

export type LoginKeys = AsyncDisposable & {
  /** Public keys by name, as they stand in a line. */
  lines: Readonly<Record<string, string>>;
  /** Options for ssh that offer this key and nothing else. */
  offer(name: string, hand: Hand): string[];
  /** The same for a certificate of "holder"; each is made once. */
  offerCertificate(wish: CertificateRequest): Promise<string[]>;
};

/** Made in `folder`, which must be there; the sockets of its agents go with the returned value. */
export async function makeLoginKeys(folder: string): Promise<LoginKeys> {
  const path = (name: string) => join(folder, name);
  const made = Object.entries(KINDS).map(async ([name, kind]): Promise<[string, string]> => {
    await run("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", path(name), ...kind]);
    return [name, (await readFile(path(`${name}.pub`), "utf8")).trim()];
  });
  const securityKeys = { sk: makeSecurityKey("ed25519"), sk256: makeSecurityKey("ecdsa") };
  for (const [name, { publicLine }] of Object.entries(securityKeys))
    await writeFile(path(`${name}.pub`), `${publicLine}\n`);
  const agents = new AsyncDisposableStack();
  for (const hand of ["still", "touches", "verifies"] as const)
    agents.use(await startSecurityKeyAgent(path(hand), Object.values(securityKeys), hand));

  const offer = (name: string, hand: Hand): string[] => {
    const files = name.split(",").flatMap((one) => ["-i", path(name in securityKeys ? `${one}.pub` : one)]);
    return [...files, "-o", `IdentityAgent=${name in securityKeys ? path(hand) : "none"}`];
  };
  const certificates = new Map<string, Promise<string>>();
  const certificateOf = (wish: CertificateRequest): Promise<string> => {
    const name = createHash("sha256").update(JSON.stringify(wish)).digest("hex").slice(0, 16);
    const known = certificates.get(name) ?? makeCertificate(path, name, wish);
    certificates.set(name, known);
    return known;
  };
  const lines: Record<string, string> = Object.fromEntries(await Promise.all(made));
  for (const [name, { publicLine }] of Object.entries(securityKeys)) lines[name] = publicLine;
  const pasted = await makeCertificate(path, "pasted", { by: "ca", principals: "", subject: "key" });
  lines.certificate = (await readFile(pasted, "utf8")).trim();
  lines.mldsa = makeMldsaLine();
  lines.dsa = DSA_LINE;
  return {
    lines,
    offer,
    offerCertificate: async (wish) => [
      ...offer("holder", "still"),
      "-o",
      `CertificateFile=${await certificateOf(wish)}`,
    ],
    [Symbol.asyncDispose]: () => agents.disposeAsync(),
  };
}

type Path = (name: string) => string;

/** ssh-keygen names the certificate after the key's file: so the public half is copied to a name of its own first. */
async function makeCertificate(
  path: Path,
  name: string,
  {
    by,
    principals,
    validity,
    serial,
    id = "somebody",
    options = [],
    subject = "holder",
  }: CertificateRequest & {
    subject?: string;
  },
): Promise<string> {
  await copyFile(path(`${subject}.pub`), path(`${name}.pub`));
  const words = [
    "-q",
    "-s",
    path(by),
    "-I",
    id,
    ...options,
    ...(principals === "" ? [] : ["-n", principals]),
    ...(validity === undefined ? [] : ["-V", validity]),
    ...(serial === undefined ? [] : ["-z", String(serial)]),
  ];
  await run("ssh-keygen", [...words, path(`${name}.pub`)]);
  return path(`${name}-cert.pub`);
}

/** Nobody here can make such a key yet: the bytes are any, the form is right. */
function makeMldsaLine(): string {
  const type = "ssh-mldsa44-ed25519@openssh.com";
  const parts = [Buffer.from(type), randomBytes(1_312 + 32)].map((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return `${type} ${Buffer.concat(parts).toString("base64")}`;
}
