/** Logging in by what somebody types: a password, or answers to what the host asks (keyboard-interactive, RFC 4256). */
import type { AnyAuthMethod, NextAuthHandler, Prompt } from "ssh2";
import { isPasswordQuestion, MOST_WRONG_ANSWERS, type Question } from "#shared/model/question.ts";
import { Redacted } from "#shared/model/redacted.ts";
import type { Ends } from "./login-options.ts";
import { formatAddress, formatTried, type Where } from "./ssh-failure.ts";
import type { TypedLogin } from "./typed-logins.ts";

/** sshd's MaxAuthTries as it ships: keys that were refused count as well. */
const TRIES_OF_SSHD = 6;

/** What a host may ask in one go, and how often, before it is taken for one that never ends. */
const MOST_PROMPTS = 8;
const MOST_ROUNDS = 3;
const LONGEST_PROMPT = 200;
const LONGEST_INSTRUCTIONS = 1_000;

/** A password that has expired: to set a new one would change something on the host. */
const NEW_PASSWORD = /\b(new|retype|re-enter)\b.*password/i;

/** What is typed for one login. */
export class TypeIn {
  readonly #login: string;
  readonly #where: { user: string; host: string; port: number };
  readonly #typed: TypedLogin;
  readonly #ends: Ends;
  #wrongAnswers = 0;
  #failures = 0;
  #hostAsks = true;

  constructor({ target, user, typed }: { target: Where; user: string; typed: TypedLogin }, ends: Ends) {
    this.#login = `${user} at ${formatAddress(target)}`;
    this.#where = { user, host: target.host, port: target.port };
    this.#typed = typed;
    this.#ends = ends;
  }

  /** Tries the next way of these, which the host takes; null: it has not told yet. False where there is none left. */
  offer(methods: readonly string[] | null, next: NextAuthHandler): boolean {
    const { progress } = this.#ends;
    const tries = TRIES_OF_SSHD - progress.tried.length - this.#failures;
    if (!methods) this.#offerNothing(next);
    else if (this.#wrongAnswers > 0 && (this.#wrongAnswers >= MOST_WRONG_ANSWERS || tries <= 0))
      this.#refuse(`what was typed for ${this.#login} was refused ${formatTimes(this.#wrongAnswers)}`);
    else if (tries <= 0) return false;
    else if (this.#hostAsks && methods.includes("keyboard-interactive")) this.#offerToAnswer(next);
    else if (methods.includes("password")) this.#offerPassword(next);
    else return false;
    return true;
  }

  /** Only a refusal tells what the host takes. */
  #offerNothing(next: NextAuthHandler): void {
    this.#ends.progress.attempt = { method: "none", identity: null };
    next({ type: "none", username: this.#where.user });
  }

  #offerPassword(next: NextAuthHandler): void {
    const judge = (isRight: boolean) => this.#judge(isRight);
    this.#ends.progress.attempt = { method: "password", identity: null, judge };
    const prompts = [{ text: "Password", isEchoed: false }];
    this.#ask({ about: { kind: "password", ...this.#where }, prompts }).then(([password] = []) => {
      if (password !== undefined) next({ type: "password", username: this.#where.user, password });
    }, this.#ends.reject);
  }

  #offerToAnswer(next: NextAuthHandler): void {
    let rounds = 0;
    const judge = (isRight: boolean) => {
      // Until the host has asked anything, nobody has answered wrongly.
      if (rounds > 0) return this.#judge(isRight);
      this.#hostAsks = isRight;
      this.#failures++;
    };
    this.#ends.progress.attempt = { method: "keyboard-interactive", identity: null, judge };
    const prompt: Prompted = (...[title, instructions, , prompts, finish]) => {
      rounds++;
      this.#answer({ title, instructions, prompts, rounds, finish }).catch(this.#ends.reject);
    };
    next({ type: "keyboard-interactive", username: this.#where.user, prompt });
  }

  async #answer({ title, instructions, prompts, rounds, finish }: Round): Promise<void> {
    if (prompts.length > MOST_PROMPTS || rounds > MOST_ROUNDS)
      return this.#refuse(`${this.#login} was asked more than is answered here: see with ssh what it wants`);
    if (prompts.some(({ prompt }) => NEW_PASSWORD.test(prompt)))
      return this.#refuse(formatExpired(this.#login));
    const answers = await this.#ask({
      about: {
        kind: "keyboard-interactive",
        ...this.#where,
        title: inOneLine(title, LONGEST_PROMPT),
        instructions: inOneLine(instructions, LONGEST_INSTRUCTIONS),
      },
      prompts: prompts.map(({ prompt, echo }) => ({
        text: inOneLine(prompt, LONGEST_PROMPT),
        isEchoed: echo === true,
      })),
    });
    if (answers) finish(answers);
  }

  /** Undefined: nothing was typed, and the login is over. */
  async #ask(asked: Pick<Question, "about" | "prompts">): Promise<string[] | undefined> {
    const { progress, deadline } = this.#ends;
    using _held = deadline.hold();
    progress.asking = "waits";
    const answers = await this.#typed.answer({ ...asked, wrongAnswers: this.#wrongAnswers }, () => {
      progress.asking = "asks";
    });
    progress.asking = null;
    const texts = answers?.map(Redacted.reveal);
    if (texts && !(isPasswordQuestion(asked) && texts[0] === "")) return texts;
    this.#refuse(`nothing was typed for ${this.#login}`);
    return undefined;
  }

  #judge(isRight: boolean): void {
    this.#typed.judge(isRight);
    if (isRight) return;
    this.#wrongAnswers++;
    this.#failures++;
  }

  #refuse(why: string): void {
    const message = `${why}; ${formatTried(this.#ends.progress.tried)}`;
    this.#ends.fail({ outcome: "login-refused", message });
  }
}

type Prompted = Extract<AnyAuthMethod, { type: "keyboard-interactive" }>["prompt"];

type Round = {
  title: string;
  instructions: string;
  prompts: readonly Prompt[];
  rounds: number;
  finish: (answers: string[]) => void;
};

export const formatExpired = (login: string): string =>
  `the password of ${login} has expired: set a new one with ssh, for a scan changes nothing`;

const formatTimes = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** What a host asks, without what it would do to the lines around it. */
const inOneLine = (text: string, most: number): string => text.replace(/\s+/g, " ").trim().slice(0, most);
