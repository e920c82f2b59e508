import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { promisify } from "node:util";
import type { Protocol } from "#shared/model/starttls.ts";
import type { KeyFamily } from "./certificates.ts";
import { createHello } from "./hello.ts";
import { talk } from "./talk-to-tls.ts";

const run = promisify(execFile);

/** Who is asked, for what name, by a client that takes signatures of these families alone. */
export type Question = {
  host: string;
  port: number;
  protocol: Protocol;
  name: string | null;
  takes: readonly KeyFamily[];
  version: "TLSv1.2" | "TLSv1.3";
};

/** SHA-256 of the certificate that was shown; `refused`: TLS is spoken, and none was shown; `silent`: no TLS there at all. */
export type Shown = string | "refused" | "silent";

const SIGNATURES: { [family in KeyFamily]: string } = {
  RSA: "rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA384",
  ECDSA: "ECDSA+SHA256:ECDSA+SHA384",
};
const SUITES: { [family in KeyFamily]: string } = {
  RSA: "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
  ECDSA: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
};

const listOf = (of: { [family in KeyFamily]: string }, takes: readonly KeyFamily[]): string =>
  takes.map((family) => of[family]).join(":");

/** By the beginning of a handshake, which ends with the certificate. */
export async function askLeaf(question: Question): Promise<Shown> {
  const { host, port, protocol } = question;
  const hello = createHello(question);
  const { promise, resolve } = Promise.withResolvers<Shown>();
  let heard: Buffer = Buffer.alloc(0);
  const socket = connectPlain({ host, port });
  socket.setNoDelay();
  const begin = () => {
    socket.on("data", (piece: Buffer) => {
      heard = heard.length === 0 ? piece : Buffer.concat([heard, piece]);
      const answer = hello.read(heard);
      if (answer === "more") return;
      resolve(answer === "no-tls" ? "silent" : answer === "refused" ? answer : hashOf(answer));
      // A connection that is closed in order is kept by the kernel for a minute.
      socket.resetAndDestroy();
    });
    socket.write(hello.bytes);
    socket.resume();
  };
  socket.once("connect", async () => {
    if (protocol === "tls" || (await talk(socket, protocol))) return begin();
    resolve("silent");
    socket.destroy();
  });
  socket.on("error", ({ code }: NodeJS.ErrnoException) =>
    resolve(code === "ECONNREFUSED" ? "silent" : "refused"),
  );
  socket.once("close", () => resolve("refused"));
  return promise;
}

/** By a whole handshake of OpenSSL within this process. */
export async function askByOpenssl(question: Question): Promise<Shown> {
  const socket = await open(question);
  if (!socket) return "silent";
  const { name } = question;
  const { promise, resolve } = Promise.withResolvers<Shown>();
  const shaking = connectTls(
    {
      socket,
      secureContext: contextOf(question),
      rejectUnauthorized: false,
      ...(name !== null && { servername: name }),
    },
    () => {
      resolve(hashOf(shaking.getPeerCertificate().raw));
      shaking.destroy();
    },
  );
  shaking.once("error", (error: NodeJS.ErrnoException) => resolve(isNoTls(error) ? "silent" : "refused"));
  shaking.once("close", () => resolve("refused"));
  return promise;
}

const contexts = new Map<string, SecureContext>();

/** Making one costs more than a handshake. */
function contextOf({ takes, version }: Question): SecureContext {
  const sigalgs = listOf(SIGNATURES, takes);
  const known = contexts.get(`${version} ${sigalgs}`);
  if (known) return known;
  const ciphers = version === "TLSv1.2" ? listOf(SUITES, takes) : undefined;
  const made = createSecureContext({
    sigalgs,
    minVersion: version,
    maxVersion: version,
    ...(ciphers && { ciphers }),
  });
  contexts.set(`${version} ${sigalgs}`, made);
  return made;
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Whoever does not speak TLS answers in his own words. */
const isNoTls = ({ code = "" }: NodeJS.ErrnoException): boolean =>
  ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ECONNREFUSED"].includes(code);

/** A connection on which TLS is next; null where there is none, or it is not offered. */
async function open({ host, port, protocol }: Question): Promise<Socket | null> {
  const { promise, resolve } = Promise.withResolvers<Socket | null>();
  const socket = connectPlain({ host, port }, () => resolve(socket));
  socket.once("error", () => resolve(null));
  const connected = await promise;
  if (!connected || protocol === "tls") return connected;
  return (await talk(connected, protocol)) ? connected : null;
}

/** By the openssl command, which knows these protocols itself. */
export async function askByCommand(question: Question): Promise<Shown> {
  const { host, port, protocol, name, takes, version } = question;
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const asked = run("openssl", [
    "s_client",
    "-no-CAfile",
    "-no-CApath",
    "-no-CAstore",
    "-connect",
    where,
    "-showcerts",
    "-sigalgs",
    listOf(SIGNATURES, takes),
    ...(name === null ? ["-noservername"] : ["-servername", name]),
    ...(version === "TLSv1.2" ? ["-tls1_2", "-cipher", listOf(SUITES, takes)] : ["-tls1_3"]),
    ...(protocol === "tls" ? [] : ["-starttls", protocol]),
  ]);
  asked.child.stdin?.end();
  const said = await asked.catch((error: { stdout: string; stderr: string }) => error);
  const pem = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(said.stdout)?.[0];
  if (pem !== undefined) return hashOf(new X509Certificate(pem).raw);
  return /wrong version number|packet length too long|connect:errno|Connection refused|[Dd]idn't find STARTTLS/.test(
    said.stderr,
  )
    ? "silent"
    : "refused";
}
