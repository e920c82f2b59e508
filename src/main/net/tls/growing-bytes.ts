const NONE = Buffer.alloc(0);

/** Bytes that come in pieces of any size and are taken from the front; each is copied a few times at most. */
export class GrowingBytes {
  #buffer = NONE;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) this.#grow(piece.length);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** The first `size` bytes as a view that holds until the next call; null if there are not so many. */
  peek(size: number): Buffer | null {
    return this.length < size ? null : this.#buffer.subarray(this.#start, this.#start + size);
  }

  drop(size: number): void {
    this.#start += size;
  }

  #grow(more: number): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const grown = Buffer.allocUnsafe(Math.max(2_048, 2 * (held.length + more)));
    grown.set(held);
    this.#buffer = grown;
    this.#end = held.length;
    this.#start = 0;
  }
}
