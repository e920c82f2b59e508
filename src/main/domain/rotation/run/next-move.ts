import type { KeyPlan, Plan } from "#shared/model/plan.ts";
import type { Phase, StepState } from "#shared/model/run.ts";
import type { RunReason } from "#shared/model/run-reason.ts";
import { backTask } from "./back-task.ts";
import { nextCertificateMove } from "./certificates/next-certificate-move.ts";
import { forwardTask } from "./forward-task.ts";
import type { EndState, Move, Progress, Step, StepProgress, Task } from "./step.ts";
import { stepsOf } from "./steps-of.ts";

/** A step with where it stands. */
type Standing = StepProgress & { step: Step };

/**
 * What a run does next, from its plan, its journal and what was seen: the whole of its state machine. It says the same
 * whenever it is asked the same, so that a run that was killed goes on as if it had not been.
 */
export function nextMove(plan: Plan, progress: Progress): Move {
  if (plan.kind === "rotate-certificate") return nextCertificateMove(plan, progress);
  const steps = stepsOf(plan).map((step) => ({ ...standingOf(step, progress), step }));
  // What is half committed can only be committed: there are no backups any more.
  const isCommitting = steps.some(({ step, state }) => step.phase === "commit" && HAS_BEGUN.has(state));
  const isBack = progress.want === "back" || steps.some(({ state }) => state === "undone");
  return isBack && !isCommitting ? moveBack(plan, progress, steps) : moveOn(plan, progress, steps);
}

const HAS_BEGUN: ReadonlySet<StepState> = new Set([
  "intended",
  "acted",
  "proved",
  "failed",
  "needs-attention",
]);

const standingOf = ({ ordinal }: Step, { steps }: Progress): StepProgress =>
  steps.find((one) => one.ordinal === ordinal) ?? { ordinal, state: "planned", isAwaiting: false };

function moveOn(plan: KeyPlan, progress: Progress, steps: readonly Standing[]): Move {
  const open = steps.find(({ state, isAwaiting }) => state !== "proved" && !isAwaiting);
  const awaiting = steps.some(({ isAwaiting }) => isAwaiting);
  // A log tells of the new key only once its holders have it; nothing is removed before it does.
  if (awaiting && (!open || NEEDS_ALL_PROVED.has(open.step.phase))) return { kind: "wait", until: "log" };
  if (!open) return end("committed");
  const phase = steps.filter(({ step }) => step.phase === open.step.phase);
  const running = phase.filter(({ state, isAwaiting }) => isUnderWay(state) && !isAwaiting);
  const hold = findHold(plan, progress, phase);
  if (hold) return finish(plan, progress, running, hold);
  const due = phase.filter((one) => one.state === "planned" || running.includes(one));
  if (due.length === 0) return end("stopped", countFailed(phase));
  const isGrace = open.step.phase === "remove" && plan.options.graceDays > 0 && running.length === 0;
  if (isGrace && !progress.isGraceOver) return { kind: "wait", until: "grace" };
  const batch = Math.min(...due.map(({ step }) => step.batch));
  const now = due.filter(({ step }) => step.batch === batch);
  return finish(plan, progress, now, end("stopped", { kind: "unreachable" }));
}

const NEEDS_ALL_PROVED: ReadonlySet<Phase> = new Set(["remove", "commit"]);

/** Why no step of the phase is begun; null: one may be. */
function findHold(plan: KeyPlan, { want }: Progress, phase: readonly Standing[]): Move | null {
  if (phase.some(({ state }) => state === "needs-attention")) {
    return end("needs-attention", { kind: "stuck" });
  }
  const failed = phase.filter(({ state }) => state === "failed");
  const hasCanaryFailed = plan.options.canary && failed.some(({ step }) => step.batch === 0);
  if (failed.length >= plan.options.maxFailures || hasCanaryFailed) return end("stopped", countFailed(phase));
  return want === "pause" ? end("paused") : null;
}

/** Tasks of these steps, or the looks that they need; `otherwise` where they have none. */
function finish(plan: KeyPlan, progress: Progress, now: readonly Standing[], otherwise: Move): Move {
  return toMove(progress, now, otherwise, ({ step, state }) => {
    const seen = progress.seen.get(step.host);
    return forwardTask(plan, step, state, seen);
  });
}

/** The phases in the reverse order, each wholly taken back before the one before it is touched. */
function moveBack(plan: KeyPlan, progress: Progress, steps: readonly Standing[]): Move {
  for (const phase of BACK) {
    const inPhase = steps.filter(({ step }) => step.phase === phase);
    const due = inPhase.filter(({ state }) => isUnderWay(state) || state === "proved");
    const isStuck = inPhase.some(({ state }) => state === "needs-attention");
    if (due.length === 0 && !isStuck) continue;
    const stuck = end("needs-attention", { kind: "stuck-on-the-way-back", phase });
    const batch = Math.max(...due.map(({ step }) => step.batch));
    const now = due.filter(({ step }) => step.batch === batch);
    return toMove(progress, now, stuck, ({ step }) => backTask(plan, step, progress.seen.get(step.host)));
  }
  return end("rolled-back");
}

const BACK: readonly Phase[] = ["remove", "hand-over", "add", "make-key"];

type Wanted = Task | "look" | null;

function toMove(
  { seen }: Progress,
  now: readonly Standing[],
  otherwise: Move,
  taskOf: (standing: Standing) => Wanted,
): Move {
  const wanted = now.map((standing) => ({ standing, task: taskOf(standing) }));
  const unseen = wanted.filter(({ task }) => task === "look").map(({ standing }) => standing.step.host);
  const places = [...new Set(unseen)].filter((place) => !seen.has(place));
  if (places.length > 0) return { kind: "look", places };
  const tasks = wanted.flatMap(({ task }) => (task === null || task === "look" ? [] : [task]));
  return tasks.length > 0 ? { kind: "do", tasks } : otherwise;
}

const isUnderWay = (state: StepState): boolean => state === "intended" || state === "acted";

const end = (state: EndState, reason: RunReason | null = null): Move => ({ kind: "end", state, reason });

const countFailed = (phase: readonly Standing[]): RunReason => ({
  kind: "steps-failed",
  count: phase.filter(({ state }) => state === "failed").length,
});
