import { AnswerReader } from "./answer-reader.ts";
import type { Hand, HandAnswer, HandRequest, Lost } from "./hand.ts";
import type { Line } from "./line.ts";
import { quoteWord } from "./words.ts";

/**
 * Asks one thing after the other over a line, each with its deadline. Once an answer is late, makes no sense, or the line
 * is gone, every answer is that.
 */
export class Conversation {
  readonly ended: Promise<Lost>;
  readonly #line: Line;
  readonly #reader: AnswerReader;
  readonly #end: (lost: Lost) => void;
  #waiting: { sequence: number; resolve: (answer: HandAnswer) => void } | null = null;
  #sequence = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #lost: Lost | null = null;

  constructor(line: Line, nonce: string) {
    const { promise, resolve } = Promise.withResolvers<Lost>();
    this.ended = promise;
    this.#end = resolve;
    this.#line = line;
    this.#reader = new AnswerReader(nonce, {
      answer: (which, answer) => {
        if (this.#waiting?.sequence === which) this.#waiting.resolve(answer);
        this.#waiting = null;
      },
      nonsense: (why) => this.lose(why),
    });
  }

  take(chunk: Buffer): void {
    if (!this.#lost) this.#reader.take(chunk);
  }

  lose(message: string): void {
    this.#lost ??= { kind: "lost", message };
    this.#waiting?.resolve(this.#lost);
    this.#waiting = null;
    this.#end(this.#lost);
  }

  /** Its answer has the number 0. */
  first(text: string, deadlineMs: number): Promise<HandAnswer> {
    return this.#wait(0, text, deadlineMs);
  }

  readonly ask: Hand["ask"] = (request, { deadlineMs }) => {
    const which = ++this.#sequence;
    const text = `${which} ${writeRequest(request)}\n`;
    const answer = this.#queue.then(() => this.#wait(which, text, deadlineMs));
    this.#queue = answer;
    return answer;
  };

  #wait(which: number, text: string, deadlineMs: number): Promise<HandAnswer> {
    if (this.#lost) return Promise.resolve(this.#lost);
    const { promise, resolve } = Promise.withResolvers<HandAnswer>();
    const timer = setTimeout(() => this.lose(`it did not answer within ${deadlineMs / 1_000} s`), deadlineMs);
    this.#waiting = { sequence: which, resolve };
    this.#reader.expect(which);
    this.#line.send(text);
    return promise.finally(() => clearTimeout(timer));
  }
}

function writeRequest({ verb, words }: HandRequest): string {
  if (!/^[a-z_]+$/.test(verb)) throw new Error("a request's verb has other letters");
  return [verb, ...words.map(quoteWord)].join(" ");
}
