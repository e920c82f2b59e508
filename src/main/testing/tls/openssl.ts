import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:tls";
import { promisify } from "node:util";
import type { TestServer } from "#testing/servers.ts";
import type { Made } from "./make-with-openssl.ts";

const run = promisify(execFile);

/** What the openssl command says about a certificate. */
export type Answer = {
  sha256: string;
  subject: string;
  issuer: string;
  serial: string;
  notBefore: string;
  notAfter: string;
  signature: string;
  /** DNS names, IP addresses, mail addresses and URIs, as it prints them. */
  names: string[];
  /** `(2048 bit)` and the like; null if it prints none. */
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

/** What the openssl command reads from a certificate; null if it refuses to read it at all. */
export async function readByOpenssl(bytes: Uint8Array): Promise<Answer | null> {
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

/** `openssl s_server` on a free loopback port, with a certificate that it makes; `extra` are further arguments. */
export async function startOpensslServer(
  { certificatePath, keyPath }: Made,
  extra: readonly string[] = [],
): Promise<TestServer> {
  const files = ["-cert", certificatePath, "-key", keyPath];
  const server = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "openssl", "s_server", "-accept", "127.0.0.1:0", ...files, ...extra],
    {
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  let said = "";
  const { promise: port, resolve, reject } = Promise.withResolvers<number>();
  const listen = (piece: Buffer) => {
    said += piece.toString();
    const match = /ACCEPT \S*:(\d+)/.exec(said);
    if (match) resolve(Number(match[1]));
  };
  server.stdout.on("data", listen);
  server.stderr.on("data", listen);
  server.once("exit", () => reject(new Error(`openssl s_server did not start: ${said}`)));
  return {
    endpoint: { host: "127.0.0.1", port: await port },
    async [Symbol.asyncDispose]() {
      const exit = server.exitCode === null && server.signalCode === null ? once(server, "exit") : null;
      server.kill("SIGKILL");
      await exit;
    },
  };
}

/**
 * The common name of the certificate that is presented for a server name, or without one; the message if there is none.
 */
export function requestName({
  host,
  port,
  name,
}: {
  host: string;
  port: number;
  name: string | null;
}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(
    { host, port, rejectUnauthorized: false, ...(name !== null && { servername: name }) },
    () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    },
  );
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise;
}
