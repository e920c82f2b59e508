/** Messages of RFC 2136 (dynamic updates), signed as RFC 8945 says (TSIG). */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { TsigAlgorithm } from "#shared/model/challenge-way.ts";

export type TxtChange = { kind: "add" | "remove"; name: string; text: string };
export type TsigKey = { name: string; algorithm: TsigAlgorithm; secret: Uint8Array };

const [TXT, SOA, TSIG] = [16, 6, 250];
const [IN, NONE, ANY] = [1, 254, 255];
const UPDATE = 5 << 11;
const TTL_SECONDS = 60;
/** How far the clocks of both may be apart, in seconds. */
export const FUDGE_SECONDS = 300;
const HEADER_BYTES = 12;

const number16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const number32 = (value: number): Buffer => Buffer.concat([number16(value >>> 16), number16(value & 0xffff)]);
const number48 = (value: number): Buffer =>
  Buffer.concat([number16(Math.floor(value / 2 ** 32)), number32(value % 2 ** 32)]);

/** A name as it goes over the wire, in lower case. */
function nameBytes(name: string): Buffer {
  const labels = name.toLowerCase().replace(/\.$/, "").split(".");
  const parts = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, "latin1")]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

type Kind = { type: number; classOf: number; ttl: number };

const record = (name: string, { type, classOf, ttl }: Kind, data: Buffer): Buffer =>
  Buffer.concat([
    nameBytes(name),
    number16(type),
    number16(classOf),
    number32(ttl),
    number16(data.length),
    data,
  ]);

/** Adds one TXT record to those of a name, or takes that one away. Without a signature. */
export function writeUpdate(id: number, zone: string, { kind, name, text }: TxtChange): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const data = Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const [classOf, ttl] = kind === "add" ? [IN, TTL_SECONDS] : [NONE, 0];
  return Buffer.concat([
    number16(id),
    number16(UPDATE),
    number16(1),
    number16(0),
    number16(1),
    number16(0),
    nameBytes(zone),
    number16(SOA),
    number16(IN),
    record(name, { type: TXT, classOf, ttl }, data),
  ]);
}

type Signed = { time: number; error: number; other: Buffer };

const variables = ({ name, algorithm }: TsigKey, { time, error, other }: Signed): Buffer =>
  Buffer.concat([
    nameBytes(name),
    number16(ANY),
    number32(0),
    nameBytes(algorithm),
    number48(time),
    number16(FUDGE_SECONDS),
    number16(error),
    number16(other.length),
    other,
  ]);

const macOf = ({ algorithm, secret }: TsigKey, bytes: Buffer): Buffer =>
  createHmac(algorithm.replace("hmac-", ""), secret).update(bytes).digest();

/** The message with its signature; the answer's is made over `mac` as well. */
export function signMessage(message: Buffer, key: TsigKey, now: number): { bytes: Buffer; mac: Buffer } {
  const signed = { time: Math.floor(now / 1_000), error: 0, other: Buffer.alloc(0) };
  const mac = macOf(key, Buffer.concat([message, variables(key, signed)]));
  const data = Buffer.concat([
    nameBytes(key.algorithm),
    number48(signed.time),
    number16(FUDGE_SECONDS),
    number16(mac.length),
    mac,
    message.subarray(0, 2),
    number16(0),
    number16(0),
  ]);
  const bytes = Buffer.concat([message, record(key.name, { type: TSIG, classOf: ANY, ttl: 0 }, data)]);
  bytes.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

export type UpdateAnswer =
  /** `rcode` by its number. `tsigError` where the server did not take the signature; its own time with BADTIME, in ms. */
  | { kind: "answered"; rcode: number; isSigned: boolean; tsigError: number; serverTime: number | null }
  | { kind: "unreadable" };

/** `isSigned`: whoever has the key has written this answer to our message. */
export function readAnswer(bytes: Buffer, key: TsigKey, mac: Buffer): UpdateAnswer {
  try {
    const rcode = bytes.readUInt16BE(2) & 0xf;
    const tsig = findTsig(bytes);
    if (!tsig) return { kind: "answered", rcode, isSigned: false, tsigError: 0, serverTime: null };
    const { start, time, fudge, own, error, other } = tsig;
    const stripped = Buffer.from(bytes.subarray(0, start));
    stripped.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10);
    const tail = variables(key, { time, error, other });
    // The fudge is the server's own.
    number16(fudge).copy(tail, nameBytes(key.name).length + 6 + nameBytes(key.algorithm).length + 6);
    const wanted = macOf(key, Buffer.concat([number16(mac.length), mac, stripped, tail]));
    const isSigned = own.length === wanted.length && timingSafeEqual(own, wanted);
    const serverTime = other.length === 6 ? other.readUIntBE(0, 6) * 1_000 : null;
    return { kind: "answered", rcode, isSigned, tsigError: error, serverTime };
  } catch {
    return { kind: "unreadable" };
  }
}

type Tsig = { start: number; time: number; fudge: number; own: Buffer; error: number; other: Buffer };

/** The signature is the last record. Throws where the message ends too early. */
function findTsig(bytes: Buffer): Tsig | null {
  let at = HEADER_BYTES;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) at = skipName(bytes, at) + 4;
  let left = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  for (; left > 0; left--) {
    const start = at;
    const fixed = skipName(bytes, at);
    at = fixed + 10 + bytes.readUInt16BE(fixed + 8);
    if (left !== 1 || bytes.readUInt16BE(fixed) !== TSIG) continue;
    const data = skipName(bytes, fixed + 10);
    const size = bytes.readUInt16BE(data + 8);
    const after = data + 10 + size;
    const otherSize = bytes.readUInt16BE(after + 4);
    return {
      start,
      time: bytes.readUIntBE(data, 6),
      fudge: bytes.readUInt16BE(data + 6),
      own: bytes.subarray(data + 10, after),
      error: bytes.readUInt16BE(after + 2),
      other: bytes.subarray(after + 6, after + 6 + otherSize),
    };
  }
  return null;
}

function skipName(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
    if (length === 0) return at;
  }
}
