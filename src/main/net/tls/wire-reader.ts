/** Reads the fields of a TLS message; past the end it remembers that the message was too short. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #isShort = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Everything was there, and nothing is left. */
  get isSpent(): boolean {
    return !this.#isShort && this.#at === this.#bytes.length;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  get isAtEnd(): boolean {
    return this.#isShort || this.#at === this.#bytes.length;
  }

  number(width: 1 | 2 | 3): number {
    const field = this.bytes(width);
    return field.length < width ? 0 : field.readUIntBE(0, width);
  }

  bytes(size: number): Buffer {
    const end = this.#at + size;
    if (this.#isShort || end > this.#bytes.length) {
      this.#isShort = true;
      return Buffer.alloc(0);
    }
    const field = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return field;
  }

  /** A field after its own length. */
  lengthed(width: 1 | 2 | 3): Buffer {
    return this.bytes(this.number(width));
  }
}
