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
