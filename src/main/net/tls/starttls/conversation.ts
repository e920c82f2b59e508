import { type Failing, MOST_BYTES, type Negotiation, NOTHING } from "./dialogue.ts";

/** `injected`: plain text came behind the server's last word before TLS, where only TLS may come. */
export type Ending = { kind: "ready" } | { kind: "injected"; heard: Uint8Array } | Failing;

/** What is to be said, and how the dialogue has ended; null while it goes on. */
export type Move = { say: Uint8Array; ending: Ending | null };

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
