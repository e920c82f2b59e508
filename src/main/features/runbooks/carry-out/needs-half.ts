import type { Step, Task } from "#domain/rotation/run/step.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { RunContext } from "./run-context.ts";

type Asked = Pick<RunContext, "plan">;

/** Whether a task is done with the new private half itself. Taking back is not, and may have done away with it before. */
export function needsHalf(run: Asked, { what, step }: Task): boolean {
  if (what === "undo" || what === "settle") return false;
  switch (step.phase) {
    case "make-key":
    case "hand-over":
      return true;
    case "add":
    case "remove":
      return isProvedFromHere(run, step);
    case "commit":
    case "request":
    case "issue":
    case "install":
    case "recheck":
      return false;
    default:
      return assertNever(step.phase);
  }
}

/** Whether the new key logs in from this computer to prove a step. */
export const isProvedFromHere = ({ plan }: Asked, { host }: Pick<Step, "host">): boolean =>
  host !== null && (plan.hosts[host]?.proofs ?? []).some(({ proof }) => proof.kind === "from-here");
