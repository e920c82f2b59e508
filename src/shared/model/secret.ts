/**
 * A secret that cannot be printed by accident: text, JSON and the console all
 * show `[redacted]`. To reveal it is a deliberate act that a search finds.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  static reveal<T>(secret: Redacted<T>): T {
    return secret.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[redacted]";
  }
}

/**
 * Memory for a secret that is overwritten after use. It is outside V8's own heap: a small array would lie in that heap,
 * and its garbage collector leaves copies that nobody can overwrite.
 */
export const secretBytes = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(length));

export function secretCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = secretBytes(bytes.length);
  copy.set(bytes);
  return copy;
}
