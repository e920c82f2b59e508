/** Calls back once that much time has passed in one piece, but for the time in which somebody was asked. */
export class Deadline {
  readonly #ms: number;
  readonly #expire: (afterMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #holders = 0;

  constructor(ms: number, expire: (afterMs: number) => void) {
    this.#ms = ms;
    this.#expire = expire;
    this.#start();
  }

  /** Stops the clock until it is disposed, and starts it anew then: a host may take its time to judge an answer. */
  hold(): Disposable {
    clearTimeout(this.#timer);
    this.#holders++;
    return {
      [Symbol.dispose]: () => {
        this.#holders--;
        if (this.#holders === 0) this.#start();
      },
    };
  }

  /** Never calls back any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#holders = Number.POSITIVE_INFINITY;
  }

  #start(): void {
    this.#timer = setTimeout(this.#expire, this.#ms, this.#ms);
  }
}
