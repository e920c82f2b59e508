import { ConnectionLimiter, type Release } from "#net/connection-limiter.ts";
import { isPasswordQuestion, type Question } from "#shared/model/question.ts";
import type { Redacted } from "#shared/model/redacted.ts";
import type { Ask } from "./ask.ts";

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
