/**
 * What is said in plain text before TLS, as a machine without clock or socket: bytes in, what to do out. A dialogue is
 * made anew for each connection; `next` never throws, whatever is heard.
 */
export type Negotiation = {
  /** Said before anything is heard; empty where the server speaks first. */
  opening: Uint8Array;
  /** What follows from the bytes that were heard and are not used up. */
  next(heard: Buffer): Step;
};

/**
 * `more`: what was heard is not whole yet. `go`: so many bytes, at least one, are used up, and this is said. `ready`:
 * as `go`, and all that the server sends from here on is TLS.
 */
export type Step =
  | { kind: "more" }
  | { kind: "go"; used: number; say?: Uint8Array }
  | { kind: "ready"; used: number; say?: Uint8Array }
  | Failing;

/**
 * Why TLS is not come to. `not-offered`: the server knows no TLS here; `refused`: it was asked for TLS and said no;
 * `turned-away`: it wants nothing of us at all; `other`: what it says is not of this protocol. `said`: what it said
 * of it, and empty where that is nothing for people.
 */
type Failing =
  | { kind: "not-offered" | "refused" | "turned-away"; said: string }
  | { kind: "other"; heard: Uint8Array }
  | { kind: "flooded"; what: string };

export const MORE: Step = { kind: "more" };

export const NOTHING: Uint8Array = new Uint8Array();

/** So many bytes are listened to before TLS; no server has so much to say. */
export const MOST_BYTES = 64 * 1024;

/** `injected`: plain text came behind the server's last word before TLS, where only TLS may come. */
export type Ending = { kind: "ready" } | { kind: "injected"; heard: Uint8Array } | Failing;

/** What is to be said, and how the dialogue has ended; null while it goes on. */
type Move = { say: Uint8Array; ending: Ending | null };

/**
 * Leads a dialogue over a stream however it is cut. Nothing that comes behind the last word of the server is kept: one
 * who sits in between could have put it there, to be taken for what was said under TLS.
 */
export class Conversation {
  readonly #dialogue: Negotiation;
  #heard: Buffer = Buffer.alloc(0);
  #heardBytes = 0;

  constructor(dialogue: Negotiation) {
    this.#dialogue = dialogue;
  }

  get opening(): Uint8Array {
    return this.#dialogue.opening;
  }

  get hasHeard(): boolean {
    return this.#heardBytes > 0;
  }

  take(piece: Uint8Array): Move {
    this.#heardBytes += piece.length;
    if (this.#heardBytes > MOST_BYTES) return { say: NOTHING, ending: { kind: "flooded", what: TOO_MUCH } };
    this.#heard = Buffer.concat([this.#heard, piece]);
    const said: Uint8Array[] = [];
    const end = (ending: Ending | null): Move => ({ say: Buffer.concat(said), ending });
    for (;;) {
      const step = this.#heard.length === 0 ? null : this.#dialogue.next(this.#heard);
      if (step === null || step.kind === "more") return end(null);
      if (step.kind !== "go" && step.kind !== "ready") return end(step);
      this.#heard = this.#heard.subarray(step.used);
      if (step.say) said.push(step.say);
      if (step.kind === "go") continue;
      return end(this.#heard.length === 0 ? { kind: "ready" } : { kind: "injected", heard: this.#heard });
    }
  }
}

const TOO_MUCH = `more than ${MOST_BYTES / 1024} KiB`;
