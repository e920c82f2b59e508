export const openFields = (bytes: Uint8Array): Fields => new Fields(bytes);

/** Fields of SSH's wire format, one after another: each answers null once the bytes do not hold it. */
export class Fields {
  /** Where the next field begins. */
  position = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A string: four bytes of length, then as many bytes. */
  octets(): Uint8Array | null {
    const start = this.position + 4;
    return this.#skipString() ? this.bytes.subarray(start, this.position) : null;
  }

  /** How long the next string is, which is passed over. */
  length(): number | null {
    const start = this.position + 4;
    return this.#skipString() ? this.position - start : null;
  }

  /** A string in which a NUL may stand at its end only, which is left out. */
  cString(): Uint8Array | null {
    const octets = this.octets();
    const nul = octets?.indexOf(0) ?? -1;
    if (!octets || nul < 0) return octets;
    return nul === octets.length - 1 ? octets.subarray(0, nul) : null;
  }

  /** A string as Latin-1, so that no byte is lost. For names: it is made character by character. */
  text(): string | null {
    const start = this.position + 4;
    if (!this.#skipString()) return null;
    let text = "";
    for (let at = start; at < this.position; at++) text += String.fromCharCode(this.bytes[at] as number);
    return text;
  }

  /** Whether the next string is this one of Latin-1, which is passed over only then. */
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

/** A string as a field: its length, then its bytes. */
export function asField(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(4 + bytes.length);
  new DataView(field.buffer).setUint32(0, bytes.length);
  field.set(bytes, 4);
  return field;
}
