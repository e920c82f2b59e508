/** Logging in by what a person types: a password, or answers to the host's prompts (keyboard-interactive, RFC 4256). */

import type { AnyAuthMethod, NextAuthHandler, Prompt } from "ssh2";
import { ConnectionLimiter, type Release } from "#net/connection-limiter.ts";
import { isPasswordPrompt, MOST_WRONG_ANSWERS, type PromptRequest } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import type { Deadline } from "./host-stream.ts";
import { formatAddress, formatTried, type Progress, type Reason, type Where } from "./ssh-failure.ts";

/** How an authentication method reports what it met, and ends the login. */
export type Ends = {
  progress: Progress;
  fail(reason: Reason): void;
  reject(error: unknown): void;
  /** To be held while a person is prompted. */
  deadline: Deadline;
  /** Aborted once the login has come to its end, well or not. */
  ended: AbortSignal;
};

/** The default of sshd's MaxAuthTries: refused keys count as well. */
const TRIES_OF_SSHD = 6;

/** How many prompts a host may send at once, and how often, before it counts as one that never ends. */
const MOST_PROMPTS = 8;
const MOST_ROUNDS = 3;
const LONGEST_PROMPT = 200;
const LONGEST_INSTRUCTIONS = 1_000;

/** The prompt of an expired password: setting a new one would change something on the host. */
const NEW_PASSWORD = /\b(new|retype|re-enter)\b.*password/i;

/** Offers what a person types, for one login. */
export class InteractiveAuth {
  readonly #login: string;
  readonly #where: { user: string; host: string; port: number };
  readonly #interactive: InteractiveLogin;
  readonly #ends: Ends;
  #wrongAnswers = 0;
  #failures = 0;
  #hostPrompts = true;

  constructor({ target, user, login }: { target: Where; user: string; login: InteractiveLogin }, ends: Ends) {
    this.#login = `${user} at ${formatAddress(target)}`;
    this.#where = { user, host: target.host, port: target.port };
    this.#interactive = login;
    this.#ends = ends;
  }

  /** Tries the next of the methods that the host takes; null: not known yet. Returns false if none is left. */
  offer(methods: readonly string[] | null, next: NextAuthHandler): boolean {
    const { progress } = this.#ends;
    const tries = TRIES_OF_SSHD - progress.tried.length - this.#failures;
    if (!methods) this.#offerNothing(next);
    else if (this.#wrongAnswers > 0 && (this.#wrongAnswers >= MOST_WRONG_ANSWERS || tries <= 0))
      this.#refuse(`what was typed for ${this.#login} was refused ${formatTimes(this.#wrongAnswers)}`);
    else if (tries <= 0) return false;
    else if (this.#hostPrompts && methods.includes("keyboard-interactive")) this.#offerToAnswer(next);
    else if (methods.includes("password")) this.#offerPassword(next);
    else return false;
    return true;
  }

  /** Only a refusal lists the methods that the host takes. */
  #offerNothing(next: NextAuthHandler): void {
    this.#ends.progress.attempt = { method: "none", identity: null };
    next({ type: "none", username: this.#where.user });
  }

  #offerPassword(next: NextAuthHandler): void {
    const onResult = (isRight: boolean) => this.#onResult(isRight);
    this.#ends.progress.attempt = { method: "password", identity: null, onResult };
    const prompts = [{ text: "Password", isEchoed: false }];
    this.#prompt({ about: { kind: "password", ...this.#where }, prompts }).then(([password] = []) => {
      if (password !== undefined) next({ type: "password", username: this.#where.user, password });
    }, this.#ends.reject);
  }

  #offerToAnswer(next: NextAuthHandler): void {
    let rounds = 0;
    const onResult = (isRight: boolean) => {
      // Before the host has sent a prompt, a refusal is nobody's wrong answer.
      if (rounds > 0) return this.#onResult(isRight);
      this.#hostPrompts = isRight;
      this.#failures++;
    };
    this.#ends.progress.attempt = { method: "keyboard-interactive", identity: null, onResult };
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
    const answers = await this.#prompt({
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
  async #prompt(request: Pick<PromptRequest, "about" | "prompts">): Promise<string[] | undefined> {
    const { progress, deadline } = this.#ends;
    using _held = deadline.hold();
    progress.promptState = "waiting";
    const answers = await this.#interactive.answer({ ...request, wrongAnswers: this.#wrongAnswers }, () => {
      progress.promptState = "open";
    });
    progress.promptState = null;
    const texts = answers?.map(Redacted.reveal);
    if (texts && !(isPasswordPrompt(request) && texts[0] === "")) return texts;
    this.#refuse(`nothing was typed for ${this.#login}`);
    return undefined;
  }

  #onResult(isRight: boolean): void {
    this.#interactive.onResult(isRight);
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

/** A host's text in one line, so that it cannot break the lines around it. */
const inOneLine = (text: string, most: number): string => text.replace(/\s+/g, " ").trim().slice(0, most);

/** The interactive logins of one scan. */
export type InteractiveLogins = ReturnType<typeof createInteractiveLogins>;

/** The prompts of one login. They end with the `signal` that it was opened with. */
export type InteractiveLogin = {
  /**
   * One secret for each prompt; null: the person goes on without. `onTurn` is called when it is this login's turn to
   * prompt. Rejects only when the login has ended before its turn.
   */
  answer(
    request: Omit<PromptRequest, "id">,
    onTurn?: () => void,
  ): Promise<readonly Redacted<string>[] | null>;
  /** Whether the host accepted the answer. */
  onResult(isRight: boolean): void;
};

/**
 * For one user, one prompt is open at a time, because the answer may be a password for every host. That password is
 * tried elsewhere only after one host has accepted it, and at each other host once.
 */
export function createInteractiveLogins(promptUser: PromptUser) {
  const limiter = new ConnectionLimiter();
  const proven = new Map<string, Redacted<string>>();

  return {
    open(user: string, signal: AbortSignal): InteractiveLogin {
      let mayRecall = true;
      let turn: Release | null = null;
      let unproven: Redacted<string> | null = null;

      function recall(request: Omit<PromptRequest, "id">): [Redacted<string>] | null {
        const password = mayRecall && isPasswordPrompt(request) ? proven.get(user) : undefined;
        if (!password) return null;
        mayRecall = false;
        return [password];
      }

      function onResult(isRight: boolean): void {
        if (unproven && isRight) proven.set(user, unproven);
        unproven = null;
        endTurn();
      }

      function endTurn(): void {
        turn?.();
        turn = null;
      }

      signal.addEventListener("abort", () => onResult(false), { once: true });
      return {
        onResult,
        async answer(request, onTurn) {
          const known = recall(request);
          if (known) return known;
          // This login still has its turn if the host prompts again before it has accepted the password.
          turn ??= await limiter.acquire([{ key: user, most: 1 }], signal);
          const since = recall(request);
          if (!since) onTurn?.();
          const typed = since || signal.aborted ? null : await promptUser(request, signal);
          const [password] = typed?.answers ?? [];
          if (typed?.isForSameUser && password && isPasswordPrompt(request)) unproven = password;
          if (!unproven || signal.aborted) endTurn();
          return since ?? typed?.answers ?? null;
        },
      };
    },
  };
}

/** What a person typed: one secret for each prompt. */
export type Answer = {
  answers: Redacted<string>[];
  /** The answer is a password for every host of the scan that wants one for the same user. */
  isForSameUser: boolean;
};

/**
 * Shows a prompt to the person who started the scan. Null if nobody is there, if the person goes on without an answer,
 * and once the signal aborts, which withdraws the prompt.
 */
export type PromptUser = (request: Omit<PromptRequest, "id">, signal: AbortSignal) => Promise<Answer | null>;
