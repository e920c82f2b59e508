import { assertNever } from "#shared/model/assert-never.ts";
import type { FilePlan, KeyPlan } from "#shared/model/plan.ts";
import type { StepState } from "#shared/model/run.ts";
import { type Cause, described } from "#shared/model/step-result.ts";
import { earliest } from "./judge-file.ts";
import { type FileSeen, isWithout, type PlaceSeen, type Stage, type Step, type Task } from "./step.ts";

type Seen = Extract<PlaceSeen, { kind: "seen" }>;

/** How far a step is by what was seen. `odd`: something there is none of what the plan knows. */
type Reached = { is: "all" | "some" | "none"; odd: Cause | null };

/** What is to be done for a step to be proved; "look" where its place was not seen, null where it is out of reach. */
export function forwardTask(
  plan: KeyPlan,
  step: Step,
  state: StepState,
  seen: PlaceSeen | undefined,
): Task | "look" | null {
  if (step.phase === "make-key") return { step, what: state === "acted" ? "prove" : "act" };
  if (!seen) return "look";
  const isBegun = state !== "planned";
  // A commit that failed counts as begun: one that was not must stay so, or nothing could be taken back any more.
  if (seen.kind === "lost")
    return isBegun || step.phase === "commit"
      ? null
      : { step, what: "settle", as: "failed", cause: described(seen.why) };
  if (step.phase === "commit") return commitTask(step, seen, isBegun);
  const { is, odd } = step.phase === "hand-over" ? reachedBy(seen) : reachedIn(plan, step, seen, isBegun);
  if (odd !== null) {
    // Begun, it may have left a lock and backups, though nothing is written.
    if (is === "none" && !isBegun) return { step, what: "settle", as: "failed", cause: odd };
    return { step, what: "undo", as: "failed", cause: odd };
  }
  return { step, what: is === "all" && isBegun ? "prove" : "act" };
}

function commitTask(step: Step, { hasWork, holders }: Seen, isBegun: boolean): Task {
  const isDone = !hasWork && holders.every((holder) => holder !== "new");
  return { step, what: isDone && isBegun ? "prove" : "act" };
}

/**
 * Of the files that this step changes. Whoever owns a folder that is not root's can keep us from what lies there: before anything is
 * begun that is left to the step, which goes on without that file.
 */
function reachedIn(
  { hosts, kind }: KeyPlan,
  { host, phase }: Step,
  { files: seen, leftOut = [] }: Seen,
  isBegun: boolean,
): Reached {
  const files = hosts[host ?? -1]?.files ?? [];
  const wanted: Stage = phase === "remove" ? "removed" : "added";
  const before: Stage = phase === "remove" ? "added" : "before";
  const concerned = files.flatMap((file, index) =>
    file[wanted] === null || isWithout(leftOut[index], phase)
      ? []
      : [{ file, seen: seen[index] ?? ("unread" as const) }],
  );
  const isLeftToStep = ({ uid }: FilePlan, one: FileSeen): boolean =>
    !isBegun && one === "unread" && uid !== 0 && kind !== "rotate-host-key";
  const odd = concerned.find(
    ({ file, seen: one }) =>
      one !== earliest(file, wanted) && one !== earliest(file, before) && !isLeftToStep(file, one),
  );
  return {
    is: howMany(concerned.map(({ file, seen: one }) => one === earliest(file, wanted))),
    odd: odd ? causeOf(odd.file, odd.seen) : null,
  };
}

/** Of the private halves. */
function reachedBy({ holders }: Seen): Reached {
  const isOdd = holders.some((holder) => holder === "other");
  const odd: Cause | null = isOdd ? { kind: "odd-private-key" } : null;
  return { is: howMany(holders.map((holder) => holder === "new" || holder === "committed")), odd };
}

function howMany(reached: readonly boolean[]): Reached["is"] {
  if (reached.every((one) => one)) return "all";
  return reached.some((one) => one) ? "some" : "none";
}

function causeOf({ path }: FilePlan, seen: FileSeen): Cause {
  switch (seen) {
    case "other":
      return { kind: "file-changed", path };
    case "unread":
      return { kind: "file-unreadable", path };
    case "before":
      return { kind: "new-line-gone", path };
    case "added":
    case "removed":
      return { kind: "old-line-gone", path };
    default:
      return assertNever(seen);
  }
}
