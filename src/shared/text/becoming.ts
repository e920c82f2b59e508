import type { Escalation } from "../model/becoming.ts";

type Said = Omit<Escalation, "account">;

/** What an account becomes, in a few words: "root by sudo". */
export function formatEscalation({ target, by, commands, shell, isCertain }: Said): string {
  const what =
    commands === "any" || shell !== null ? `${target} by ${by}` : `some commands as ${target} by ${by}`;
  return isCertain ? what : `perhaps ${what}`;
}

const PASSWORDS: Record<Said["password"], string> = {
  none: "without a password",
  own: "with its own password",
  target: "with the other account's password",
  root: "with root's password",
};

/** How, and which rule says so. */
export function formatMeans({ commands, what, shell, password, rule }: Said): string {
  const first = shell ?? what[0] ?? "a command";
  const more = what.length > 1 ? ` and ${what.length - 1} more` : "";
  return `${commands === "any" ? "any command" : `${first}${more}`}, ${PASSWORDS[password]}: ${rule}`;
}
