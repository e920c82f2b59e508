import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Plan, PlanKind } from "#shared/model/plan.ts";
import { sayPlace } from "#shared/text/target.ts";

/** The name of the file that a plan is exported to. */
export const nameFile = (planId: number): string => `latchkey-plan-${planId}.json`;

/** The command that does what a plan does: of its wish, or else of the plan as a file. */
export function sayCommand({ id, plan, wish }: { id: number; plan: Plan; wish: PlanDetail["wish"] }): string {
  if (wish?.kind === "rotate-key")
    return `latchkey rotate key ${quote(plan.oldKey ?? wish.fingerprint)} --apply`;
  if (wish?.kind === "rotate-host-key") {
    const place = wish.port === 22 ? wish.host : sayPlace(wish);
    return `latchkey rotate host-key ${quote(place)} --apply`;
  }
  return `latchkey ${wordsOf(plan.kind)} --apply ${nameFile(id)}`;
}

function wordsOf(kind: PlanKind): string {
  switch (kind) {
    case "rotate-key":
      return "rotate key";
    case "rotate-host-key":
      return "rotate host-key";
    case "add-grants":
      return "grants add";
    case "remove-grants":
      return "grants remove";
    case "tighten-grants":
    case "move-to-authority":
      return "grants tighten";
    default:
      return assertNever(kind);
  }
}

/** One word to a POSIX shell. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
