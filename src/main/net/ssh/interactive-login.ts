/**
 * The ways in that a login offers, one after the other: its keys, and after them, where somebody may be asked, what is
 * typed. Nothing is sent before the host's key is trusted: ssh2 asks for a way in only then.
 */

import type {
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  BaseAgent,
  IdentityCallback,
  NextAuthHandler,
  ParsedKey,
  Prompt,
  SignCallback,
  SigningRequestOptions,
} from "ssh2";
import { ConnectionLimiter, type Release } from "#net/connection-limiter.ts";
import { isPasswordQuestion, MOST_WRONG_ANSWERS, type Question } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import { authMethodFor, type UnusableIdentity } from "./identities.ts";
import type { Ends, LoginOptions } from "./log-in.ts";
import { type Attempt, formatAddress, formatTried, type Where } from "./ssh-failure.ts";
import { loadSsh2 } from "./tuned-ssh2.ts";

/** sshd counts each against MaxAuthTries (6). */
const MOST_KEYS = 5;

/** Without a way to type anything not even `none` is offered, which would cost a round trip. */
export function offerWaysIn(options: LoginOptions, ends: Ends) {
  const { target, user, identities, unusable = [], typed = null } = options;
  const { progress, ended } = ends;
  const login = `${user} at ${formatAddress(target)}`;
  const typing = typed && new TypeIn({ target, user, typed: typed.open(user, ended) }, ends);
  let keys = identities.slice(0, MOST_KEYS);

  return (methods: AuthenticationType[] | null, isPartial: boolean | null, next: NextAuthHandler) => {
    const last = progress.attempt;
    last?.judge?.(isPartial === true);
    if (isPartial && last?.identity) progress.taken = last.identity;
    // A key may be wanted after what was typed: those that were offered before it did not count.
    if (isPartial && last && !last.identity) {
      progress.isTyped = true;
      keys = identities.slice(0, MOST_KEYS);
    }
    const mayTryKey = !methods || methods.includes("publickey");
    const key = mayTryKey && !(isPartial && last?.identity) ? keys.shift() : undefined;
    if (key) {
      progress.tried.push(key);
      progress.attempt = { method: "publickey", identity: key };
      return next(authMethodFor(key, user, ended));
    }
    if (typing?.offer(methods, next)) return;
    return refuse(isPartial ? formatPartial(methods) : formatRefused(methods));
  };

  /** The value that tells ssh2 to give up. */
  function refuse(message: string): false {
    ends.fail({ outcome: "login-refused", message });
    return false;
  }

  function formatPartial(methods: readonly string[] | null): string {
    const by = progress.taken?.fingerprint ?? "what was typed";
    const more = (methods ?? []).filter((method) => method !== "publickey").join(", ") || "more";
    return `${login} is let in by ${by} only with ${more} (AuthenticationMethods)${formatWhatIsTyped(methods)}`;
  }

  function formatRefused(methods: readonly string[] | null): string {
    const tried = formatTried(progress.tried);
    const others = (methods ?? []).filter((method) => method !== "publickey").join(", ");
    if (methods && !methods.includes("publickey"))
      return `${login} may not log in by key${others && `, only by ${others}`}; ${tried}${formatWhatIsTyped(methods)}`;
    if (progress.tried.length === 0)
      return `there is no key to log in with as ${login}${formatNoKey(unusable)}`;
    const notTried = identities.length - MOST_KEYS;
    const more =
      notTried > 0 ? `; ${notTried} more were not, for sshd allows few tries: name the right file` : "";
    return `every key was refused for ${login}; ${tried}${more}${formatWhatIsTyped(methods)}`;
  }

  function formatWhatIsTyped(methods: readonly string[] | null): string {
    const takesTyped = methods?.some((method) => method === "password" || method === "keyboard-interactive");
    return takesTyped && !typed
      ? "; it would take a password: let the scan ask for it (--ask-password, at a terminal)"
      : "";
  }
}

function formatNoKey(unusable: readonly UnusableIdentity[]): string {
  if (unusable.length === 0) return ": load one with ssh-add, or name its file";
  return `: ${unusable.map(({ source, why }) => `${source}: ${why}`).join("; ")}`;
}

/** Has the host asked about a key, where that is wanted, before any way in is offered. */
export function askFirst(
  { askedAbout, user }: LoginOptions,
  { progress }: Ends,
  offer: AuthHandlerMiddleware,
): AuthHandlerMiddleware {
  let question = askedAbout;
  let asking: Attempt | null = null;
  return (methods, isPartial, next) => {
    if (!question) {
      // A host that wants something typed before any key has not been asked about this one.
      if (asking && progress.attempt === asking && methods?.includes("publickey") === false)
        progress.attempt = { method: "publickey", identity: null };
      return offer(methods, isPartial, next);
    }
    const { agent, judge } = askAbout(question);
    question = undefined;
    asking = { method: "publickey", identity: null, judge };
    progress.attempt = asking;
    return next({ type: "agent", username: user, agent });
  };
}

/**
 * An agent that shows a public key and has no private key. A host that would take the key asks for a signature, and gets
 * none; which costs no failed attempt. `judge` is called once the host has said what it would do.
 */
function askAbout({ key, answer }: NonNullable<LoginOptions["askedAbout"]>) {
  let isTaken = false;
  class Showing extends loadSsh2().BaseAgent {
    override getIdentities(tell: IdentityCallback<ParsedKey>): void {
      tell(null, [key]);
    }

    override sign(
      _key: unknown,
      _data: Buffer,
      options: SigningRequestOptions | SignCallback,
      told?: SignCallback,
    ): void {
      isTaken = true;
      const tell = typeof options === "function" ? options : told;
      tell?.(new Error("nothing is signed with a key that was only asked about"));
    }
  }
  return { agent: new Showing() as BaseAgent, judge: () => answer(isTaken) };
}

/** Logging in by what somebody types: a password, or answers to what the host asks (keyboard-interactive, RFC 4256). */

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
class TypeIn {
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

/** What is typed for the logins of one scan. */
export type TypedLogins = ReturnType<typeof createTypedLogins>;

/** What is typed for one login, until `signal`, which it was opened with, says that it has ended. */
export type TypedLogin = {
  /**
   * One secret for each prompt; null goes on without. `onTurn`: from now on it is this login that is asked about.
   * Rejects only when the login has ended before its turn.
   */
  answer(question: Omit<Question, "id">, onTurn?: () => void): Promise<readonly Redacted<string>[] | null>;
  /** What the host said to the answer. */
  judge(isRight: boolean): void;
};

/**
 * For one user, one question stands at a time: the answer may be a password for every host. It is tried elsewhere
 * only after one host has taken it, and at each other host once.
 */
export function createTypedLogins(ask: Ask) {
  const limiter = new ConnectionLimiter();
  const proven = new Map<string, Redacted<string>>();

  return {
    open(user: string, signal: AbortSignal): TypedLogin {
      let mayRecall = true;
      let turn: Release | null = null;
      let unproven: Redacted<string> | null = null;

      function recall(question: Omit<Question, "id">): [Redacted<string>] | null {
        const password = mayRecall && isPasswordQuestion(question) ? proven.get(user) : undefined;
        if (!password) return null;
        mayRecall = false;
        return [password];
      }

      function judge(isRight: boolean): void {
        if (unproven && isRight) proven.set(user, unproven);
        unproven = null;
        endTurn();
      }

      function endTurn(): void {
        turn?.();
        turn = null;
      }

      signal.addEventListener("abort", () => judge(false), { once: true });
      return {
        judge,
        async answer(question, onTurn) {
          const known = recall(question);
          if (known) return known;
          // It is this login's still where the host asks more after a password that is to be proven.
          turn ??= await limiter.acquire([{ key: user, most: 1 }], signal);
          const since = recall(question);
          if (!since) onTurn?.();
          const given = since || signal.aborted ? null : await ask(question, signal);
          const [password] = given?.answers ?? [];
          if (given?.isForSameUser && password && isPasswordQuestion(question)) unproven = password;
          if (!unproven || signal.aborted) endTurn();
          return since ?? given?.answers ?? null;
        },
      };
    },
  };
}

/** What somebody has typed: one secret for each prompt. */
export type Answer = {
  answers: Redacted<string>[];
  /** It is a password for every host of the scan that wants one for the same user. */
  isForSameUser: boolean;
};

/**
 * Puts a question to whoever started the scan. Null where nobody is there to ask, where whoever is there goes on
 * without, and once the signal aborts: the question is withdrawn then.
 */
export type Ask = (question: Omit<Question, "id">, signal: AbortSignal) => Promise<Answer | null>;
