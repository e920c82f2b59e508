import type { EndState, Move, Progress, Step, StepProgress, Task, Wait } from "#domain/rotation/run/step.ts";
import type { RenewalPlan } from "#shared/model/plan.ts";
import type { Phase, StepState } from "#shared/model/run.ts";
import type { RunReason } from "#shared/model/run-reason.ts";
import { CERTIFICATE_PHASES, certificateSteps } from "./certificate-steps.ts";
import { backCertificateTask, forwardCertificateTask } from "./certificate-task.ts";

/** A step with where it stands. */
type Standing = StepProgress & { step: Step };

/**
 * What a renewal does next, as `nextMove` is for keys. Hosts need nothing of each other: one that failed was taken back, and
 * is left out of what comes after; what was put in place elsewhere is looked at again and committed all the same.
 */
export function nextCertificateMove(plan: RenewalPlan, progress: Progress): Move {
  const steps = certificateSteps(plan).map((step) => ({ ...standingOf(step, progress), step }));
  const isBack = progress.want === "back" || steps.some(({ state }) => state === "undone");
  return isBack ? moveBack(plan, progress, steps) : moveOn(plan, progress, steps);
}

const standingOf = ({ ordinal }: Step, { steps }: Progress): StepProgress =>
  steps.find((one) => one.ordinal === ordinal) ?? { ordinal, state: "planned", isAwaiting: false };

function moveOn(plan: RenewalPlan, progress: Progress, steps: readonly Standing[]): Move {
  const out = hostsWith(steps, ({ state }) => state === "failed" || state === "needs-attention");
  const isHeld = holdsBack(plan, steps);
  const rest = steps.filter(({ step }) => !out.has(step.host));
  let isPaused = false;
  let wait: Wait | null = null;
  for (const phase of CERTIFICATE_PHASES) {
    const inPhase = rest.filter(({ step, state }) => step.phase === phase && state !== "proved");
    const running = inPhase.filter(({ state, isAwaiting }) => isUnderWay(state) && !isAwaiting);
    const ready = inPhase.filter(
      ({ state, step }) => state === "planned" && isNext(rest, step) && !awaitsCanary(plan, rest, step),
    );
    const isBegun = progress.want === "pause" || (isHeld && BEGINS.has(phase));
    isPaused ||= ready.length > 0 && progress.want === "pause";
    const due = isBegun ? running : [...running, ...ready];
    const until = isHeld && BEGINS.has(phase) ? null : waitFor(inPhase, { phase, due, running, progress });
    // A certificate that never comes keeps no other host waiting, and that it came is seen by the wait for the hour, too.
    wait = until ?? wait;
    if (until) continue;
    const batch = Math.min(...due.map(({ step }) => step.batch));
    const move = toMove(
      progress,
      due.filter(({ step }) => step.batch === batch),
      ({ step, state }) => forwardCertificateTask(plan, step, state, progress.seen.get(step.host)),
    );
    if (move) return move;
  }
  if (wait && !isPaused) return { kind: "wait", until: wait };
  if (steps.every(({ state }) => state === "proved")) return end("committed");
  return isPaused ? end("paused") : stopOf(steps);
}

/** Phases in which something new begins on a host. */
const BEGINS: ReadonlySet<Phase> = new Set(["request", "issue", "install"]);

type Waiting = { phase: Phase; due: readonly Standing[]; running: readonly Standing[]; progress: Progress };

function waitFor(
  inPhase: readonly Standing[],
  { phase, due, running, progress: { isGraceOver } }: Waiting,
): Wait | null {
  if (due.length === 0 && inPhase.some(({ isAwaiting }) => isAwaiting)) return "certificate";
  const isEarly = phase === "recheck" && due.length > 0 && running.length === 0 && !isGraceOver;
  return isEarly ? "recheck" : null;
}

/** Whether what comes before it at its host is proved. */
const isNext = (steps: readonly Standing[], { host, ordinal }: Step): boolean =>
  steps.every(({ step, state }) => step.host !== host || step.ordinal >= ordinal || state === "proved");

/** Whether the canary's new certificate is to be in place before anything is at this step's host. */
const awaitsCanary = (
  { options }: RenewalPlan,
  steps: readonly Standing[],
  { phase, batch }: Step,
): boolean =>
  options.canary &&
  phase === "install" &&
  batch > 0 &&
  steps.some(({ step, state }) => step.phase === "install" && step.batch === 0 && state !== "proved");

/** Whether nothing is begun any more at hosts where nothing stands yet. */
function holdsBack({ options }: RenewalPlan, steps: readonly Standing[]): boolean {
  if (steps.some(({ state }) => state === "needs-attention")) return true;
  const failed = hostsWith(steps, ({ state }) => state === "failed");
  const hasCanaryFailed =
    options.canary && steps.some(({ step, state }) => state === "failed" && step.batch === 0);
  return failed.size >= options.maxFailures || hasCanaryFailed;
}

/** Each host that is not committed goes back, its phases in the reverse order; what is half committed is finished. */
function moveBack(plan: RenewalPlan, progress: Progress, steps: readonly Standing[]): Move {
  const kept = hostsWith(steps, ({ step, state }) => step.phase === "commit" && HAS_BEGUN.has(state));
  const open = steps.filter(
    ({ step, state }) => step.phase === "commit" && kept.has(step.host) && isUnderWay(state),
  );
  const finish = toMove(progress, open, ({ step, state }) =>
    forwardCertificateTask(plan, step, state, progress.seen.get(step.host)),
  );
  if (finish) return finish;
  const stuck = hostsWith(steps, ({ state }) => state === "needs-attention");
  const rest = steps.filter(({ step }) => !kept.has(step.host) && !stuck.has(step.host));
  const lost = new Set<number | null>();
  for (const phase of CERTIFICATE_PHASES.toReversed()) {
    const inPhase = rest.filter(
      ({ step, state }) => step.phase === phase && (isUnderWay(state) || state === "proved"),
    );
    const batches = new Set(inPhase.map(({ step }) => step.batch));
    for (const batch of [...batches].toSorted((one, other) => other - one)) {
      const now = inPhase.filter(({ step }) => step.batch === batch && !lost.has(step.host));
      const move = toMove(progress, now, ({ step }) =>
        backCertificateTask(step, progress.seen.get(step.host)),
      );
      if (move) return move;
      for (const { step } of now) lost.add(step.host);
    }
  }
  if (lost.size > 0)
    return end("needs-attention", {
      kind: "unreachable-on-the-way-back",
      hosts: namesOf(plan, lost),
    });
  if (open.length > 0) return end("stopped", { kind: "unreachable" });
  if (stuck.size > 0) return end("needs-attention", { kind: "stuck-on-the-way-back", phase: null });
  return kept.size > 0 ? keptAs(plan, kept) : end("rolled-back");
}

const HAS_BEGUN: ReadonlySet<StepState> = new Set([
  "intended",
  "acted",
  "proved",
  "failed",
  "needs-attention",
]);

const namesOf = ({ hosts }: RenewalPlan, places: ReadonlySet<number | null>): string[] =>
  hosts.filter((_, place) => places.has(place)).map(({ host }) => host);

function keptAs(plan: RenewalPlan, kept: ReadonlySet<number | null>): Move {
  const isAll = kept.size === plan.hosts.length;
  return end("committed", isAll ? null : { kind: "partly-committed", hosts: namesOf(plan, kept) });
}

type Wanted = Task | "look" | null;

/** Tasks of these steps, or the looks that they need; null where they have none. */
function toMove(
  { seen }: Progress,
  now: readonly Standing[],
  taskOf: (standing: Standing) => Wanted,
): Move | null {
  const wanted = now.map((standing) => ({ standing, task: taskOf(standing) }));
  const unseen = wanted.filter(({ task }) => task === "look").map(({ standing }) => standing.step.host);
  const places = [...new Set(unseen)].filter((place) => !seen.has(place));
  if (places.length > 0) return { kind: "look", places };
  const tasks = wanted.flatMap(({ task }) => (task === null || task === "look" ? [] : [task]));
  return tasks.length > 0 ? { kind: "do", tasks } : null;
}

const isUnderWay = (state: StepState): boolean => state === "intended" || state === "acted";

const hostsWith = (
  steps: readonly Standing[],
  is: (standing: Standing) => boolean,
): ReadonlySet<number | null> => new Set(steps.filter(is).map(({ step }) => step.host));

const end = (state: EndState, reason: RunReason | null = null): Move => ({ kind: "end", state, reason });

function stopOf(steps: readonly Standing[]): Move {
  const stuck = steps.filter(({ state }) => state === "needs-attention");
  if (stuck.length > 0 && stuck.every(({ step }) => step.phase === "recheck"))
    return end("needs-attention", { kind: "not-served-any-more" });
  if (stuck.length > 0) return end("needs-attention", { kind: "stuck" });
  const failed = hostsWith(steps, ({ state }) => state === "failed").size;
  if (failed === 0) return end("stopped", { kind: "unreachable" });
  return end("stopped", { kind: "hosts-failed", count: failed });
}
