/**
 * SSH's wire format (RFC 4251, section 5): of keys, signatures, certificates, agents and OpenSSH's files. The fields
 * that are read are views of the same bytes.
 */
export const openFields = <Bytes extends Uint8Array>(bytes: Bytes, position = 0): Fields<Bytes> =>
  new Fields(bytes, position);

/** Fields one after another: each call returns null once the bytes do not hold the field. */
export class Fields<Bytes extends Uint8Array = Uint8Array> {
  /** Where the next field begins. */
  position: number;
  readonly bytes: Bytes;

  constructor(bytes: Bytes, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** A string: four bytes of length, then as many bytes. */
  octets(): Bytes | null {
    const start = this.position + 4;
    return this.#skipString() ? (this.bytes.subarray(start, this.position) as Bytes) : null;
  }

  /** How long the next string is, which is skipped. */
  length(): number | null {
    const start = this.position + 4;
    return this.#skipString() ? this.position - start : null;
  }

  /** A string that may have a NUL at its end only, which is left out. */
  cString(): Bytes | null {
    const octets = this.octets();
    const nul = octets?.indexOf(0) ?? -1;
    if (!octets || nul < 0) return octets;
    return nul === octets.length - 1 ? (octets.subarray(0, nul) as Bytes) : null;
  }

  /** A string as Latin-1, so that no byte is lost. For short names: it is built character by character. */
  text(): string | null {
    const start = this.position + 4;
    if (!this.#skipString()) return null;
    let text = "";
    for (let at = start; at < this.position; at++) text += String.fromCharCode(this.bytes[at] as number);
    return text;
  }

  /** Whether the next string is this one in Latin-1. It is skipped only if so. */
  is(text: string): boolean {
    const start = this.position + 4;
    if (this.bytes[start - 1] !== text.length || !this.#skipString()) return false;
    let at = 0;
    while (at < text.length && this.bytes[start + at] === text.charCodeAt(at)) at++;
    if (at === text.length && this.position === start + at) return true;
    this.position = start - 4;
    return false;
  }

  /** A big-endian number of so many bytes. */
  number(length: number): bigint | null {
    const start = this.position;
    if (!this.skip(length)) return null;
    let number = 0n;
    for (let at = start; at < this.position; at++) number = number * 256n + BigInt(this.bytes[at] as number);
    return number;
  }

  /** Whether no byte is left. */
  get isAtEnd(): boolean {
    return this.position === this.bytes.length;
  }

  skip(length: number): boolean {
    if (this.position + length > this.bytes.length) return false;
    this.position += length;
    return true;
  }

  #skipString(): boolean {
    const bytes = this.bytes;
    const at = this.position;
    if (at + 4 > bytes.length) return false;
    const high = (bytes[at] as number) * 256 + (bytes[at + 1] as number);
    const length = high * 65_536 + (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number);
    if (at + 4 + length > bytes.length) return false;
    this.position = at + 4 + length;
    return true;
  }
}

/** A string as a field: its length, then its bytes, which are copied. Text is UTF-8. */
export function toField(content: Uint8Array | string): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const field = Buffer.alloc(4 + bytes.length);
  field.writeUInt32BE(bytes.length);
  field.set(bytes, 4);
  return field;
}

/** A number as SSH writes it: without leading zeros, except for one that keeps it from being negative. */
export function toNumber(digits: Buffer): Buffer {
  const first = digits.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.alloc(0) : digits.subarray(first);
  return (short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), short]) : short;
}
