import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the openssl command says of a certificate. */
export type Answer = {
  sha256: string;
  subject: string;
  issuer: string;
  serial: string;
  notBefore: string;
  notAfter: string;
  signature: string;
  /** Names of the four kinds of servers and people, as it prints them. */
  names: string[];
  /** `(2048 bit)` and the like; null where it prints none. */
  keyBits: number | null;
};

const ASK = [
  "x509",
  "-inform",
  "DER",
  "-noout",
  "-subject",
  "-issuer",
  "-serial",
  "-dates",
  "-dateopt",
  "iso_8601",
  "-fingerprint",
  "-sha256",
  "-nameopt",
  "RFC2253,utf8,-esc_msb",
  "-text",
  "-certopt",
  "no_header,no_version,no_serial,no_issuer,no_validity,no_subject,no_sigdump,no_aux",
];

/** Asks the openssl command of a certificate; null where it refuses to read it at all. */
export async function askOpenssl(bytes: Uint8Array): Promise<Answer | null> {
  const asked = run("openssl", ASK, { maxBuffer: 64 * 1024 * 1024 });
  asked.child.stdin?.end(bytes);
  const stdout = await asked.then(
    (said) => said.stdout,
    () => null,
  );
  if (stdout === null) return null;
  const find = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? "";
  const bits = find(/Public-Key: \((\d+) bit/);
  return {
    sha256: find(/^sha256 Fingerprint=(.*)$/im)
      .replaceAll(":", "")
      .toLowerCase(),
    subject: find(/^subject=(.*)$/m),
    issuer: find(/^issuer=(.*)$/m),
    serial: find(/^serial=((?:.*\\\n)*.*)$/m).replaceAll("\\\n", ""),
    notBefore: find(/^notBefore=(.*)$/m).replace(/(\d) (\d)/, "$1T$2"),
    notAfter: find(/^notAfter=(.*)$/m).replace(/(\d) (\d)/, "$1T$2"),
    signature: find(/Signature Algorithm: (.*)$/m).trimEnd(),
    names: find(/X509v3 Subject Alternative Name:.*\n\s+(.*)$/m)
      .split(", ")
      .filter((name) => /^(DNS|IP Address|email|URI):/.test(name)),
    keyBits: bits === "" ? null : Number(bits),
  };
}
