type Limits = {
  /** In one piece. */
  pieceMs: number;
  /** In all pieces together; without it, there may be any number of them. */
  inAllMs?: number | undefined;
};

/**
 * Calls back once that much time has passed, in one piece or in all, but for the time in which somebody was asked; says
 * which of the two it was.
 */
export class Deadline {
  readonly #limits: { pieceMs: number; inAllMs: number };
  readonly #expire: (afterMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #holders = 0;
  #before = 0;
  #pieceBegun = 0;

  constructor({ pieceMs, inAllMs = Number.POSITIVE_INFINITY }: Limits, expire: (afterMs: number) => void) {
    this.#limits = { pieceMs, inAllMs };
    this.#expire = expire;
    this.#start();
  }

  /** How much time has passed in all. */
  spentMs(): number {
    return this.#holders > 0 ? this.#before : this.#before + performance.now() - this.#pieceBegun;
  }

  /** Stops the clock until it is disposed, and starts a new piece then: a host may take its time to judge an answer. */
  hold(): Disposable {
    this.#stop();
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
    this.#stop();
    this.#holders = Number.POSITIVE_INFINITY;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#before = this.spentMs();
  }

  #start(): void {
    const { pieceMs, inAllMs } = this.#limits;
    const left = inAllMs - this.#before;
    this.#pieceBegun = performance.now();
    this.#timer = setTimeout(this.#expire, Math.min(pieceMs, left), pieceMs <= left ? pieceMs : inAllMs);
  }
}
