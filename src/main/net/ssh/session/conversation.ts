import {
  type Lost,
  quoteWord,
  type RemoteSession,
  readWord,
  type SessionAnswer,
  type SessionRequest,
} from "./remote-session.ts";

/** Input and output of a command that runs on a host. */
export type Line = {
  send(text: string): void;
  /** Called once. */
  follow(facts: { out(chunk: Buffer): void; over(why: string): void }): void;
};

/** Most bytes that a host may send for one answer; more ends the session. */
export const ANSWER_LIMITS = { lineBytes: 64 * 1024, noiseBytes: 64 * 1024, answerBytes: 8 * 1024 * 1024 };

type Answered = Exclude<SessionAnswer, Lost>;
type Draft = {
  status: Answered["status"] | null;
  words: readonly string[];
  facts: Map<string, string[][]>;
  data: Map<string, Uint8Array>;
  /** A part of it made no sense. */
  isSpoilt: boolean;
};
const NOTHING = Buffer.alloc(0);

type OpenData = { name: string; encoding: "b64" | "hex"; lines: string[] };

/**
 * Reads a session's answers out of a host's output. A line that is no frame of ours is noise, as rc files print it. Too
 * much of anything, and a frame for another request, end the session. An answer with a frame that makes no sense is
 * void, whatever else is in it, but the next one is read: an account that answers in place of its shell spoils the
 * answers to its own requests, and nothing else.
 */
export class AnswerReader {
  readonly #nonce: string;
  readonly #onAnswer: (sequence: number, answer: Answered) => void;
  readonly #onNonsense: (why: string) => void;
  #rest: Buffer = NOTHING;
  #sequence = 0;
  #draft = newDraft();
  #open: OpenData | null = null;
  #noise = 0;
  #size = 0;
  #isOver = false;

  constructor(
    nonce: string,
    facts: { answer(sequence: number, answer: Answered): void; nonsense(why: string): void },
  ) {
    this.#nonce = nonce;
    this.#onAnswer = facts.answer;
    this.#onNonsense = facts.nonsense;
  }

  /** From now on only the answer to this request is read. */
  expect(sequence: number): void {
    this.#sequence = sequence;
    this.#draft = newDraft();
    this.#size = 0;
  }

  take(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#take(chunk);
    } catch (error) {
      if (!(error instanceof Nonsense)) throw error;
      this.#isOver = true;
      this.#rest = NOTHING;
      this.#open = null;
      this.#draft = newDraft();
      this.#onNonsense(error.message);
    }
  }

  #take(chunk: Buffer): void {
    for (let from = 0; ; ) {
      const end = chunk.indexOf(0x0a, from);
      const piece = chunk.subarray(from, end < 0 ? undefined : end);
      if (this.#rest.length + piece.length > ANSWER_LIMITS.lineBytes)
        throw new Nonsense("a line is too long");
      const line = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
      this.#rest = end < 0 ? Buffer.from(line) : NOTHING;
      if (end < 0) return;
      from = end + 1;
      this.#line(line.toString("latin1"));
    }
  }

  #line(line: string): void {
    this.#size += line.length + 1;
    if (this.#size > ANSWER_LIMITS.answerBytes) throw new Nonsense("an answer is too long");
    if (this.#open && !line.startsWith(`lk ${this.#nonce} `)) {
      this.#dataLine(this.#open, line);
      return;
    }
    const [mark, nonce, sequence, kind = "", ...words] = line.split(" ");
    if (mark !== "lk" || nonce !== this.#nonce) {
      this.#noise += line.length + 1;
      if (this.#noise > ANSWER_LIMITS.noiseBytes) throw new Nonsense("too much beside the answers");
      return;
    }
    const read = words.flatMap((word) => readWord(word) ?? []);
    if (sequence !== String(this.#sequence)) throw new Nonsense(NO_SENSE);
    if (kind === "end") this.#end(read[0] ?? "");
    else if (this.#open || read.length < words.length || this.#draft.status !== null) this.#spoil();
    else this.#frame(kind, read);
  }

  #spoil(): void {
    this.#open = null;
    this.#draft = { ...this.#draft, isSpoilt: true };
  }

  #frame(kind: string, words: string[]): void {
    const { facts, data } = this.#draft;
    const [first = "", ...rest] = words;
    switch (kind) {
      case "fact":
        if (!facts.has(first)) facts.set(first, []);
        facts.get(first)?.push(rest);
        break;
      case "data":
        if (rest.length !== 1 || (rest[0] !== "b64" && rest[0] !== "hex") || data.has(first)) this.#spoil();
        else this.#open = { name: first, encoding: rest[0], lines: [] };
        break;
      case "ok":
      case "no":
      case "fail":
        this.#draft = { ...this.#draft, status: kind, words };
        if (this.#sequence === 0) this.#end("0");
        break;
      default:
        this.#spoil();
    }
  }

  #dataLine({ name, encoding, lines }: OpenData, line: string): void {
    if (line !== ".") {
      const pattern = encoding === "b64" ? /^[A-Za-z0-9+/]+={0,2}$/ : /^[0-9a-f ]+$/;
      if (pattern.test(line)) lines.push(line);
      else this.#spoil();
      return;
    }
    const text = lines.join("").replaceAll(" ", "");
    const charset = encoding === "b64" ? "base64" : "hex";
    const bytes = Buffer.from(text, charset);
    if (bytes.toString(charset) !== text) this.#spoil();
    else this.#draft.data.set(name, Uint8Array.from(bytes));
    this.#open = null;
  }

  /** A shell that was killed reports no status before its end. */
  #end(exit: string): void {
    const { status, words, facts, data, isSpoilt } = this.#draft;
    const sequence = this.#sequence;
    this.#draft = newDraft();
    this.#sequence = -1;
    const fail = (...why: string[]) => ({ kind: "answered" as const, status: "fail" as const, words: why });
    if (isSpoilt) this.#onAnswer(sequence, { ...fail(SPOILT), ...NONE });
    else if (status === null) this.#onAnswer(sequence, { ...fail("ended", exit), facts, data });
    else this.#onAnswer(sequence, { kind: "answered", status, words, facts, data });
  }
}

class Nonsense extends Error {}
const NO_SENSE = "an answer makes no sense";

/** The session script's own word for it. */
const SPOILT = "no-sense";
const NONE = { facts: new Map<string, string[][]>(), data: new Map<string, Uint8Array>() };

const newDraft = (): Draft => ({
  status: null,
  words: [],
  facts: new Map(),
  data: new Map(),
  isSpoilt: false,
});

/**
 * Sends one request after the other over a line, each with its deadline. Once an answer is late or makes no sense, or
 * the line is gone, that is the answer to every request.
 */
export class Conversation {
  readonly ended: Promise<Lost>;
  readonly #line: Line;
  readonly #reader: AnswerReader;
  readonly #end: (lost: Lost) => void;
  #waiting: { sequence: number; resolve: (answer: SessionAnswer) => void } | null = null;
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
  first(text: string, deadlineMs: number): Promise<SessionAnswer> {
    return this.#wait(0, text, deadlineMs);
  }

  readonly send: RemoteSession["send"] = (request, { deadlineMs }) => {
    const which = ++this.#sequence;
    const text = `${which} ${writeRequest(request)}\n`;
    const answer = this.#queue.then(() => this.#wait(which, text, deadlineMs));
    this.#queue = answer;
    return answer;
  };

  #wait(which: number, text: string, deadlineMs: number): Promise<SessionAnswer> {
    if (this.#lost) return Promise.resolve(this.#lost);
    const { promise, resolve } = Promise.withResolvers<SessionAnswer>();
    const timer = setTimeout(() => this.lose(`it did not answer within ${deadlineMs / 1_000} s`), deadlineMs);
    this.#waiting = { sequence: which, resolve };
    this.#reader.expect(which);
    this.#line.send(text);
    return promise.finally(() => clearTimeout(timer));
  }
}

function writeRequest({ verb, words }: SessionRequest): string {
  if (!/^[a-z_]+$/.test(verb)) throw new Error("a request's verb has other letters");
  return [verb, ...words.map(quoteWord)].join(" ");
}
