import { TAG } from "./der.ts";

/** One DER element around its parts, its length in the shortest form. */
export const encodeDer = (tag: number, ...parts: readonly Uint8Array[]): Buffer => joinDer(tag, parts);

/** The same for parts that a file has as many of as it likes: a call takes only so many arguments. */
export function joinDer(tag: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const width = size < 0x80 ? 0 : Math.ceil(Math.log2(size + 1) / 8);
  const length = Array.from({ length: width }, (_, at) => Math.floor(size / 256 ** (width - 1 - at)) % 256);
  return Buffer.concat([Buffer.from([tag, ...(width === 0 ? [size] : [0x80 | width, ...length])]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeDer(TAG.sequence, ...parts);

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encodeDer(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
    bytes.unshift((left % 128) | 0x80);
  return bytes;
}

/** A number that is not negative, by its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(start));
  return encodeDer(
    TAG.integer,
    (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits,
  );
}

export const numberOf = (value: number | bigint): Buffer => {
  const hex = value.toString(16);
  return integer(Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex"));
};

const TRUE = encodeDer(TAG.boolean, Buffer.from([0xff]));
export const octets = (...parts: readonly Uint8Array[]): Buffer => encodeDer(TAG.octetString, ...parts);
export const bits = (bytes: Uint8Array): Buffer => encodeDer(TAG.bitString, Buffer.from([0]), bytes);

/** As RFC 5280 wants it: two digits of the year until 2049. */
export function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050"
    ? encodeDer(TAG.utcTime, Buffer.from(digits.slice(2), "latin1"))
    : encodeDer(TAG.generalizedTime, Buffer.from(digits, "latin1"));
}

export const extension = (oid: string, content: Uint8Array, isCritical = false): Buffer =>
  sequence(objectId(oid), ...(isCritical ? [TRUE] : []), octets(content));
