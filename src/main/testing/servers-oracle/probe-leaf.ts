import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { promisify } from "node:util";
import type { Protocol } from "#shared/model/hosts/target.ts";
import type { KeyFamily } from "./certificates.ts";
import { createHello } from "./hello.ts";

const run = promisify(execFile);

/** The endpoint, the server name, and a client that accepts signatures of these families alone. */
export type LeafQuery = {
  host: string;
  port: number;
  protocol: Protocol;
  name: string | null;
  takes: readonly KeyFamily[];
  version: "TLSv1.2" | "TLSv1.3";
};

/**
 * SHA-256 of the certificate that was presented; `refused`: TLS without a certificate; `silent`: no TLS there at all.
 */
export type ShownLeaf = string | "refused" | "silent";

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

/** By the beginning of a handshake, up to the certificate. */
export async function probeLeaf(query: LeafQuery): Promise<ShownLeaf> {
  const { host, port, protocol } = query;
  const hello = createHello(query);
  const { promise, resolve } = Promise.withResolvers<ShownLeaf>();
  let heard: Buffer = Buffer.alloc(0);
  const socket = connectPlain({ host, port });
  socket.setNoDelay();
  const begin = () => {
    socket.on("data", (piece: Buffer) => {
      heard = heard.length === 0 ? piece : Buffer.concat([heard, piece]);
      const answer = hello.read(heard);
      if (answer === "more") return;
      resolve(answer === "no-tls" ? "silent" : answer === "refused" ? answer : hashOf(answer));
      // The kernel would keep a properly closed connection for a minute.
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
export async function probeByOpenssl(query: LeafQuery): Promise<ShownLeaf> {
  const socket = await open(query);
  if (!socket) return "silent";
  const { name } = query;
  const { promise, resolve } = Promise.withResolvers<ShownLeaf>();
  const shaking = connectTls(
    {
      socket,
      secureContext: contextOf(query),
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

/** Contexts are cached: making one costs more than a handshake. */
function contextOf({ takes, version }: LeafQuery): SecureContext {
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

/** A server that does not speak TLS answers in its own protocol. */
const isNoTls = ({ code = "" }: NodeJS.ErrnoException): boolean =>
  ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ECONNREFUSED"].includes(code);

/** A connection on which TLS comes next; null if there is none, or if the server does not offer it. */
async function open({ host, port, protocol }: LeafQuery): Promise<Socket | null> {
  const { promise, resolve } = Promise.withResolvers<Socket | null>();
  const socket = connectPlain({ host, port }, () => resolve(socket));
  socket.once("error", () => resolve(null));
  const connected = await promise;
  if (!connected || protocol === "tls") return connected;
  return (await talk(connected, protocol)) ? connected : null;
}

/** By the openssl command, which supports these protocols itself. */
export async function probeByCommand(query: LeafQuery): Promise<ShownLeaf> {
  const { host, port, protocol, name, takes, version } = query;
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

/** How to recognize the end of the server's message, and our next one; bytes as Latin-1. */
type Turn = { isOver: (heard: string) => boolean; say: string };

const line = (until: RegExp, say = ""): Turn => ({ isOver: (heard) => until.test(heard), say });

/** RFC 4511, section 4.14.1: an extended request of StartTLS, by its number. */
const LDAP = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/** A request for TLS, which a MariaDB with TLS reads as the beginning of a login. */
const MYSQL = "\x20\0\0\x01\x05\xae\x03\0\0\0\0\x01\x21".padEnd(36, "\0");
const POSTGRES = "\0\0\0\x08\x04\xd2\x16\x2f";

const TALKS: { [protocol in Protocol]?: { opening: string; turns: Turn[] } } = {
  smtp: {
    opening: "",
    turns: [
      line(/^220 .*\r\n$/s, "EHLO oracle.test\r\n"),
      line(/^250 .*\r\n$/m, "STARTTLS\r\n"),
      line(/^220 .*\r\n$/s),
    ],
  },
  imap: { opening: "", turns: [line(/^\* OK .*\r\n$/s, "a STARTTLS\r\n"), line(/^a OK .*\r\n$/m)] },
  pop3: { opening: "", turns: [line(/^\+OK.*\r\n$/s, "STLS\r\n"), line(/^\+OK.*\r\n$/s)] },
  ldap: { opening: LDAP, turns: [{ isOver: (heard) => heard.includes("\x0a\x01\0"), say: "" }] },
  postgres: { opening: POSTGRES, turns: [line(/^S$/)] },
  mysql: { opening: "", turns: [{ isOver: (heard) => heard.length > 60, say: MYSQL }] },
};

/**
 * Requests TLS as the protocol defines it; false if it is not offered. The server's answers are not evaluated further.
 */
async function talk(socket: Socket, protocol: Protocol): Promise<boolean> {
  const found = TALKS[protocol];
  if (!found) return false;
  if (found.opening !== "") socket.write(found.opening, "latin1");
  for (const { isOver, say } of found.turns) {
    if (!(await hear(socket, isOver))) return false;
    if (say !== "") socket.write(say, "latin1");
  }
  return true;
}

/** Waits until the message is complete; false if the server refuses, or ends, before. */
async function hear(socket: Socket, isOver: Turn["isOver"]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let heard = "";
  const take = (piece: Buffer) => {
    heard += piece.toString("latin1");
    if (isOver(heard)) resolve(true);
    else if (/^(?:[45]\d\d |a (?:NO|BAD)|-ERR|N$)/m.test(heard)) resolve(false);
  };
  const end = () => resolve(false);
  socket.on("data", take).on("close", end).on("end", end).on("error", end);
  // It is paused between two turns.
  socket.resume();
  const found = await promise;
  socket.pause();
  socket.off("data", take).off("close", end).off("end", end);
  return found;
}
