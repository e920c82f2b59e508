import { assertNever } from "#shared/model/assert-never.ts";
import { MOST_WRONG_ANSWERS, type Question } from "#shared/model/question.ts";

/** What is asked for. */
export function formatAskedFor({ about }: Question): string {
  switch (about.kind) {
    case "passphrase":
      return "Passphrase";
    case "password":
      return "Password";
    case "proxy":
      return "Password of the proxy";
    case "keyboard-interactive":
      return "The host asks";
    default:
      return assertNever(about);
  }
}

/** What to do with the answer. */
export function formatAnswering({ about }: Question): string {
  switch (about.kind) {
    case "passphrase":
      return "Unlock the key";
    case "password":
      return "Log in";
    case "proxy":
      return "Go through it";
    case "keyboard-interactive":
      return "Answer the host";
    default:
      return assertNever(about);
  }
}

/** What became of the answer before; null for a first one. */
export function formatWrong({ about, wrongAnswers }: Question): string | null {
  if (wrongAnswers === 0) return null;
  const left = MOST_WRONG_ANSWERS - wrongAnswers;
  const tries = left === 1 ? "1 attempt left" : `${left} attempts left`;
  return about.kind === "passphrase"
    ? `That does not open it; ${tries}`
    : `The host refused that, and counts it; ${tries}`;
}
