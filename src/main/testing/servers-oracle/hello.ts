/**
 * The beginning of a handshake, up to the server's certificate: OpenSSL within this process gets the same result with
 * three times the work, and its command with thirty times.
 */
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
  randomBytes,
} from "node:crypto";
import type { KeyFamily } from "./certificates.ts";

export type HelloOptions = {
  name: string | null;
  takes: readonly KeyFamily[];
  version: "TLSv1.2" | "TLSv1.3";
};

/**
 * What has been read: the DER of the first certificate; `refused`: an alert; `no-tls`: another protocol; `more`: not
 * enough yet.
 */
export type HelloAnswer = Buffer | "refused" | "no-tls" | "more";

const SIGNATURES: { [family in KeyFamily]: number[] } = {
  RSA: [0x0804, 0x0401, 0x0501],
  ECDSA: [0x0403, 0x0503],
};
const SUITES: { [family in KeyFamily]: number[] } = { RSA: [0xc02f, 0xc030], ECDSA: [0xc02b, 0xc02c] };
const AES_128_GCM_SHA256 = 0x1301;
const [SERVER_HELLO, CERTIFICATE] = [2, 11];
const [ALERT, HANDSHAKE, PROTECTED] = [21, 22, 23];

/** A group, by its number, and our point in it. One for all handshakes: nothing that is sent is secret. */
const createGroup = (id: number, { publicKey, privateKey }: KeyPairKeyObjectResult, size: number) => {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return { id, privateKey, point: spki.subarray(-size), before: spki.subarray(0, -size) };
};
const GROUPS = [
  createGroup(0x1d, generateKeyPairSync("x25519"), 32),
  createGroup(0x17, generateKeyPairSync("ec", { namedCurve: "prime256v1" }), 65),
];
const random = randomBytes(32);

const u16 = (...numbers: number[]): Buffer =>
  Buffer.from(numbers.flatMap((number) => [number >> 8, number & 0xff]));
const long = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), long(content)]);

/** The handshake message, without its record. */
function makeHello({ name, takes, version }: HelloOptions): Buffer {
  const isNew = version === "TLSv1.3";
  const suites = isNew ? [AES_128_GCM_SHA256] : takes.flatMap((family) => SUITES[family]);
  const serverName = Buffer.concat([Buffer.from([0]), long(Buffer.from(name ?? "", "latin1"))]);
  const extensions = Buffer.concat([
    ...(name === null ? [] : [extension(0, long(serverName))]),
    extension(11, Buffer.from([1, 0])),
    extension(10, long(u16(...GROUPS.map(({ id }) => id)))),
    extension(22, Buffer.alloc(0)),
    extension(23, Buffer.alloc(0)),
    extension(13, long(u16(...takes.flatMap((family) => SIGNATURES[family])))),
    ...(isNew
      ? [
          extension(43, Buffer.from([2, 3, 4])),
          extension(45, Buffer.from([1, 1])),
          extension(
            51,
            long(Buffer.concat(GROUPS.map(({ id, point }) => Buffer.concat([u16(id), long(point)])))),
          ),
        ]
      : []),
  ]);
  const session = isNew ? Buffer.concat([Buffer.from([32]), random]) : Buffer.from([0]);
  const body = Buffer.concat([
    u16(0x0303),
    random,
    session,
    long(u16(...suites)),
    Buffer.from([1, 0]),
    long(extensions),
  ]);
  return Buffer.concat([Buffer.from([1, 0]), long(body)]);
}

/** `bytes` are sent first; `read` gets everything that was received so far. */
export function createHello(options: HelloOptions): { bytes: Buffer; read(heard: Buffer): HelloAnswer } {
  const message = makeHello(options);
  return {
    bytes: Buffer.concat([Buffer.from([HANDSHAKE, 3, 1]), long(message)]),
    read: (heard) => readAnswer(heard, message),
  };
}

function readAnswer(heard: Buffer, hello: Buffer): HelloAnswer {
  let messages: Buffer = Buffer.alloc(0);
  let opened: ReturnType<typeof createOpener> | null = null;
  for (let at = 0; heard.length >= at + 5; ) {
    const type = heard.readUInt8(at);
    const end = at + 5 + heard.readUInt16BE(at + 3);
    if (type < 20 || type > PROTECTED || heard.readUInt8(at + 1) !== 3) return "no-tls";
    if (heard.length < end) return "more";
    const record = heard.subarray(at, end);
    at = end;
    if (type === ALERT) return "refused";
    if (type === HANDSHAKE) messages = Buffer.concat([messages, record.subarray(5)]);
    else if (type === PROTECTED) {
      opened ??= createOpener(hello, messages);
      const { type: inner, content } = opened(record);
      if (inner === ALERT) return "refused";
      if (inner === HANDSHAKE) messages = Buffer.concat([messages, content]);
    }
    const found = findCertificate(messages, opened !== null);
    if (found) return found;
  }
  return "more";
}

function findCertificate(messages: Buffer, isNew: boolean): Buffer | null {
  for (let at = 0; messages.length >= at + 4; ) {
    const end = at + 4 + messages.readUIntBE(at + 1, 3);
    if (messages.length < end) return null;
    if (messages.readUInt8(at) === CERTIFICATE) {
      const start = at + 4 + (isNew ? 1 + messages.readUInt8(at + 4) : 0) + 3;
      return messages.subarray(start + 3, start + 3 + messages.readUIntBE(start, 3));
    }
    at = end;
  }
  return null;
}

/** RFC 8446, sections 5.2 and 7.1, with SHA-256 and AES-128-GCM: opens the server's records, one after the other. */
function createOpener(hello: Buffer, messages: Buffer) {
  const serverHello = messages.subarray(0, 4 + messages.readUIntBE(1, 3));
  const shared = agree(serverHello);
  const secret = hmac(DERIVED, shared);
  const traffic = expand(secret, "s hs traffic", hash(Buffer.concat([hello, serverHello])), 32);
  const key = expand(traffic, "key", Buffer.alloc(0), 16);
  const iv = expand(traffic, "iv", Buffer.alloc(0), 12);
  let count = 0;
  return (record: Buffer): { type: number; content: Buffer } => {
    const nonce = Buffer.from(iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ count++) >>> 0, 8);
    const open = createDecipheriv("aes-128-gcm", key, nonce);
    open.setAAD(record.subarray(0, 5)).setAuthTag(record.subarray(-16));
    const plain = Buffer.concat([open.update(record.subarray(5, -16)), open.final()]);
    let end = plain.length - 1;
    while (end > 0 && plain[end] === 0) end--;
    return { type: plain.readUInt8(end), content: plain.subarray(0, end) };
  };
}

/**
 * The secret of our point and the server's. We send a point for each of these groups, so that no server has to request
 * another one.
 */
function agree(serverHello: Buffer): Buffer {
  if (serverHello.readUInt8(0) !== SERVER_HELLO) throw new Error("protected records before a server's hello");
  const session = 4 + 2 + 32;
  let at = session + 1 + serverHello.readUInt8(session) + 2 + 1 + 2;
  while (at < serverHello.length) {
    const [type, length] = [serverHello.readUInt16BE(at), serverHello.readUInt16BE(at + 2)];
    const group = type === 51 ? GROUPS.find(({ id }) => id === serverHello.readUInt16BE(at + 4)) : undefined;
    if (group && length === 4 + group.point.length) {
      const key = Buffer.concat([group.before, serverHello.subarray(at + 8, at + 4 + length)]);
      const publicKey = createPublicKey({ key, format: "der", type: "spki" });
      return diffieHellman({ privateKey: group.privateKey, publicKey });
    }
    at += 4 + length;
  }
  throw new Error("the server takes none of our groups");
}

const hash = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
const hmac = (key: Buffer, bytes: Buffer): Buffer => createHmac("sha256", key).update(bytes).digest();

/** HKDF-Expand-Label for at most one block. */
function expand(secret: Buffer, label: string, context: Buffer, length: number): Buffer {
  const full = Buffer.from(`tls13 ${label}`, "latin1");
  const info = Buffer.concat([
    u16(length),
    Buffer.from([full.length]),
    full,
    Buffer.from([context.length]),
    context,
  ]);
  return hmac(secret, Buffer.concat([info, Buffer.from([1])])).subarray(0, length);
}

/** There is no pre-shared key. */
const DERIVED = expand(hmac(Buffer.alloc(32), Buffer.alloc(32)), "derived", hash(Buffer.alloc(0)), 32);
