import type { Step, Task } from "#domain/rotation/run/step.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { RunStep } from "#shared/model/run.ts";
import type { Awaited } from "#shared/model/step-result.ts";
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

/** Whether a step that stands waits for a log to tell of the new key; another may wait for somebody to log in while it is tried. */
export const awaitsLog = (step: RunStep): boolean => awaitedBy(step)?.kind === "login-in-log";

/** Whether a step waits for somebody to bring a certificate. */
export const awaitsCertificate = (step: RunStep): boolean => awaitedBy(step)?.kind === "certificate";

const awaitedBy = ({ state, result }: RunStep): Awaited | null =>
  state === "acted" && result?.kind === "waiting" ? result.for : null;

/** Whether the new key logs in from this computer to prove a step. */
export const isProvedFromHere = ({ plan }: Asked, { host }: Pick<Step, "host">): boolean =>
  host !== null && (plan.hosts[host]?.proofs ?? []).some(({ proof }) => proof.kind === "from-here");
