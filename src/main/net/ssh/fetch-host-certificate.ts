/**
 * Asks a host for its certificate. ssh2 cannot negotiate one, so this begins a handshake of its own, in clear, and
 * hangs up as soon as the certificate is there. It sends nothing that identifies the user.
 *
 * What comes back is public and verifies nothing by itself: the caller checks the authority's signature, and that the
 * certificate's key is the one that the host presents, and signs with, in the real connection.
 */
import { createECDH, generateKeyPairSync, randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { openFields, toField } from "#codec/ssh-wire.ts";
import { dial, leave } from "./host-stream.ts";
import type { LoginRoute } from "./log-in.ts";

/** `none`: the host has no such certificate. `unanswered`: the handshake did not get that far; it may next time. */
export type FetchedCertificate =
  | { kind: "fetched"; blob: Uint8Array }
  | { kind: "none" | "unanswered"; why: string };

type Options = {
  route: LoginRoute;
  port: number;
  /** Types of plain host keys, the preferred first: we get the certificate of the first that the host has one for. */
  keyTypes: readonly string[];
  /** For the whole exchange. */
  timeoutMs: number;
  signal: AbortSignal;
};

const MESSAGE = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  kexInit: 20,
  ecdhInit: 30,
  ecdhReply: 31,
};
const PASSED_OVER = new Set([MESSAGE.ignore, MESSAGE.unimplemented, MESSAGE.debug]);
const EXCHANGES = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"];
const CIPHERS = ["aes128-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"];
const MACS = ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha2-256-etm@openssh.com", "hmac-sha1"];
const MOST_BYTES = 128 * 1024;

/** Rejects only when `signal` aborts. */
export async function fetchHostCertificate(options: Options): Promise<FetchedCertificate> {
  const { route, port, signal } = options;
  signal.throwIfAborted();
  const socket = "stream" in route ? route.stream : new Socket();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  const stop = () => socket.destroy();
  deadline.addEventListener("abort", stop);
  const negotiation = createNegotiation(options, (bytes) => socket.write(bytes));
  let seen: Buffer = Buffer.alloc(0);
  if (socket instanceof Socket && "addresses" in route) dial(socket, route.addresses, port);
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      seen = Buffer.concat([seen, chunk]);
      const { rest, result } = negotiation.take(seen);
      if (result) return result;
      if (rest.length > MOST_BYTES) return { kind: "none", why: "the host sent too much" };
      seen = rest;
    }
    signal.throwIfAborted();
    return { kind: "unanswered", why: "the host hung up, or gave no answer in time" };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error)
      return { kind: "unanswered", why: `the host did not show it (${error.message})` };
    throw error;
  } finally {
    deadline.removeEventListener("abort", stop);
    await leave(socket);
  }
}

/** Consumes what is whole in the bytes, and returns the rest, with the result once there is one. */
function createNegotiation({ keyTypes }: Options, send: (bytes: Buffer) => void) {
  let hasHandshaken = false;
  return { take };

  function take(bytes: Buffer): { rest: Buffer; result: FetchedCertificate | null } {
    let rest = bytes;
    while (!hasHandshaken) {
      const end = rest.indexOf("\n");
      if (end < 0) return { rest, result: null };
      hasHandshaken = rest.subarray(0, 4).toString("latin1") === "SSH-";
      rest = rest.subarray(end + 1);
      if (hasHandshaken)
        send(Buffer.concat([Buffer.from("SSH-2.0-Latchkey\r\n"), toPacket(ourKexInit(keyTypes))]));
    }
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(0);
      if (length < 2 || length > MOST_BYTES)
        return { rest, result: { kind: "none", why: "the host broke the protocol" } };
      if (rest.length < 4 + length) break;
      const payload = rest.subarray(5, Math.max(5, 4 + length - (rest[4] ?? 0)));
      rest = rest.subarray(4 + length);
      const result = answer(payload);
      if (result) return { rest, result };
    }
    return { rest, result: null };
  }

  function answer(payload: Buffer): FetchedCertificate | null {
    const type = payload[0] ?? 0;
    if (PASSED_OVER.has(type)) return null;
    if (type === MESSAGE.kexInit) {
      const offer = chooseExchange(payload, keyTypes);
      if (typeof offer === "string") return { kind: "none", why: offer };
      send(toPacket(Buffer.concat([Buffer.from([MESSAGE.ecdhInit]), toField(offer)])));
      return null;
    }
    const blob = type === MESSAGE.ecdhReply ? openFields(payload, 1).octets() : null;
    return blob
      ? { kind: "fetched", blob: Uint8Array.from(blob) }
      : { kind: "none", why: "the host refused to show it" };
  }
}

/** A public value for a key exchange that both sides know; or why none, or no certificate, is possible. */
function chooseExchange(kexInit: Buffer, keyTypes: readonly string[]): Buffer | string {
  const fields = openFields(kexInit, 17);
  const [exchanges, hostKeys] = [fields.text()?.split(","), fields.text()?.split(",")];
  if (!exchanges || !hostKeys) return "the host broke the protocol";
  if (!keyTypes.flatMap(certificateTypes).some((type) => hostKeys.includes(type)))
    return `the host has no certificate for its ${keyTypes.join(" or ")} key`;
  const exchange = EXCHANGES.find((name) => exchanges.includes(name));
  if (!exchange) return "the host and this program have no key exchange in common";
  if (exchange === "ecdh-sha2-nistp256") return createECDH("prime256v1").generateKeys();
  return generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" }).subarray(-32);
}

/** The host key algorithms in which a host presents a certificate for this key type. */
const certificateTypes = (keyType: string): string[] =>
  (keyType === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [keyType]).map(
    (name) => `${name}-cert-v01@openssh.com`,
  );

function ourKexInit(keyTypes: readonly string[]): Buffer {
  const lists = [
    EXCHANGES,
    keyTypes.flatMap(certificateTypes),
    CIPHERS,
    CIPHERS,
    MACS,
    MACS,
    ["none"],
    ["none"],
    [],
    [],
  ];
  const fields = lists.map((list) => toField(list.join(",")));
  return Buffer.concat([Buffer.from([MESSAGE.kexInit]), randomBytes(16), ...fields, Buffer.alloc(5)]);
}

/** A packet before any cipher: its length, the length of its padding, the payload, the padding (RFC 4253, 6). */
function toPacket(payload: Buffer): Buffer {
  const missing = 8 - ((payload.length + 5) % 8);
  const padding = missing < 4 ? missing + 8 : missing;
  const header = Buffer.alloc(5);
  header.writeUInt32BE(payload.length + padding + 1);
  header[4] = padding;
  return Buffer.concat([header, payload, randomBytes(padding)]);
}
