/**
 * The state machine of every run. The same input gives the same move, so a killed run goes on as if nothing had
 * happened. The rules have all that differs by kind.
 */
import type { Plan } from "#shared/model/runs/plan.ts";
import type { Phase, StepState } from "#shared/model/runs/run.ts";
import type { RunReason } from "#shared/model/runs/run-note.ts";
import { lastPhase, type NextTask, type RunRules } from "./runbook.ts";
import type { EndState, Move, Progress, Step, StepProgress, Wait } from "./step.ts";

/** A step with its state. */
type Standing = StepProgress & { step: Step };

type End = Extract<Move, { kind: "end" }>;

/** A run as the machine sees it. */
type Run<P extends Plan> = {
  rules: RunRules<P>;
  plan: P;
  progress: Progress;
  steps: readonly Standing[];
};

/** What a run does next, from its plan, its journal and what was seen. */
export function nextMove<P extends Plan>(rules: RunRules<P>, plan: P, progress: Progress): Move {
  const steps = rules.steps(plan).map((step) => ({ ...standingOf(step, progress), step }));
  const run: Run<P> = { rules, plan, progress, steps };
  const isBack = progress.want === "back" || steps.some(({ state }) => state === "rolled-back");
  if (!isBack) return moveOn(run);
  // A half-committed run can only be committed: there are no backups any more.
  const isAllKept = !isAlone(run) && steps.some((one) => isCommitBegun(rules, one));
  return isAllKept ? moveOn(run) : moveBack(run);
}

/**
 * The state of a step when a run is resumed or rolled back: a failed step is tried again, and one that needed attention
 * is inspected again. A last phase that failed has begun all the same, and can only go on.
 */
export function resumeStep(rules: RunRules, { phase }: { phase: Phase }, state: StepState): StepState {
  if (state === "failed") return phase === lastPhase(rules) ? "intended" : "planned";
  return state === "needs-attention" ? "acted" : state;
}

const standingOf = ({ ordinal }: Step, { steps }: Progress): StepProgress =>
  steps.find((one) => one.ordinal === ordinal) ?? { ordinal, state: "planned", isAwaiting: false };

/** Whether the hosts do not depend on each other. */
const isAlone = <P extends Plan>({ rules: { policy } }: Run<P>): boolean =>
  policy.onFailure === "leave-host-out";

const hasFailed = ({ state }: Standing): boolean => state === "failed" || state === "needs-attention";

function moveOn<P extends Plan>(run: Run<P>): Move {
  const { rules, progress, steps } = run;
  const out = isAlone(run) ? hostsWith(steps, hasFailed) : NO_HOSTS;
  const rest = steps.filter(({ step }) => !out.has(step.host));
  let isPaused = false;
  let wait: Wait | null = null;
  for (const phase of rules.phases) {
    const open = rest.filter(({ step, state }) => step.phase === phase && state !== "verified");
    const running = open.filter((one) => isRunning(one) && !one.isAwaiting);
    const ready = open.filter((one) => one.state === "planned" && mayBegin(run, rest, one.step));
    const hold = findHold(run, phase);
    isPaused ||= ready.length > 0 && progress.want === "pause";
    const due = hold ? running : [...running, ...ready];
    const until = findWait(run, { phase, open, running, due, hold });
    if (until && !isAlone(run)) return { kind: "wait", until };
    // A host whose wait never ends does not make the others wait.
    wait = until ?? wait;
    if (until) continue;
    const batch = Math.min(...due.map(({ step }) => step.batch));
    const now = hold && !isAlone(run) ? due : due.filter(({ step }) => step.batch === batch);
    const move = moveOf(run, now, ({ step, state }) =>
      rules.forward(run.plan, step, state, progress.seen.get(step.host)),
    );
    if (move) return move;
    const isBarrier = !isAlone(run) && open.some(({ isAwaiting }) => !isAwaiting);
    if (isBarrier) return hold ?? end("stopped", due.length === 0 ? countFailed(run, phase) : UNREACHABLE);
  }
  if (!isAlone(run) && steps.some(({ isAwaiting }) => isAwaiting)) wait = rules.policy.awaits;
  if (wait && !isPaused) return { kind: "wait", until: wait };
  if (steps.every(({ state }) => state === "verified")) return end("committed");
  return isPaused ? end("paused") : stopOf(run);
}

/** For `stop-run` a phase is reached when the one before it is verified, so all of it may begin. */
function mayBegin<P extends Plan>(
  run: Run<P>,
  rest: readonly Standing[],
  { host, ordinal, phase, batch }: Step,
) {
  if (!isAlone(run)) return true;
  const isVerified = rest.every(
    ({ step, state }) => step.host !== host || step.ordinal >= ordinal || state === "verified",
  );
  const awaitsCanary =
    run.plan.options.canary &&
    phase === run.rules.policy.canaryFirst &&
    batch > 0 &&
    rest.some(({ step, state }) => step.phase === phase && step.batch === 0 && state !== "verified");
  return isVerified && !awaitsCanary;
}

/** Why no step of the phase may begin, and how the run ends once the begun ones are done; null: one may begin. */
function findHold<P extends Plan>(run: Run<P>, phase: Phase): End | null {
  const { rules, plan, progress, steps } = run;
  const paused = progress.want === "pause" ? end("paused") : null;
  if (isAlone(run) && !rules.policy.begins.has(phase)) return paused;
  const known = isAlone(run) ? steps : steps.filter(({ step }) => step.phase === phase);
  const stuck = known.filter(({ state }) => state === "needs-attention");
  if (stuck.length > 0) return end("needs-attention", rules.policy.reasonOf(stepsOf(stuck)));
  const failed = known.filter(({ state }) => state === "failed");
  const count = isAlone(run) ? new Set(failed.map(({ step }) => step.host)).size : failed.length;
  const hasCanaryFailed = plan.options.canary && failed.some(({ step }) => step.batch === 0);
  return count >= plan.options.maxFailures || hasCanaryFailed
    ? end("stopped", countFailed(run, phase))
    : paused;
}

type OfPhase = {
  phase: Phase;
  /** Not verified. */
  open: readonly Standing[];
  running: readonly Standing[];
  due: readonly Standing[];
  hold: End | null;
};

/** What stops a phase that is neither a failure nor a user's pause. */
function findWait<P extends Plan>(run: Run<P>, { phase, open, running, due, hold }: OfPhase): Wait | null {
  const { rules, plan, progress, steps } = run;
  const { policy } = rules;
  const isAwaited = (some: readonly Standing[]) => some.some(({ isAwaiting }) => isAwaiting);
  if (isAlone(run)) {
    if (hold && hold.state !== "paused") return null;
    if (due.length === 0 && isAwaited(open)) return policy.awaits;
  } else if (policy.verifyAllBefore.has(phase) && open.some((one) => !one.isAwaiting) && isAwaited(steps))
    return policy.awaits;
  const delay = policy.delaysOf(plan).find((one) => one.phase === phase);
  const isEarly = delay && due.length > 0 && running.length === 0;
  return isEarly && !progress.over.has(delay.until) ? delay.until : null;
}

/** Phases in reverse order, except the last one. A half-committed host is finished. */
function moveBack<P extends Plan>(run: Run<P>): Move {
  const { rules, plan, progress, steps } = run;
  const kept = hostsWith(steps, (one) => isCommitBegun(rules, one));
  const open = steps.filter(
    (one) => one.step.phase === lastPhase(rules) && kept.has(one.step.host) && isRunning(one),
  );
  const finish = moveOf(run, open, ({ step, state }) =>
    rules.forward(plan, step, state, progress.seen.get(step.host)),
  );
  if (finish) return finish;
  const stuck = isAlone(run) ? hostsWith(steps, ({ state }) => state === "needs-attention") : NO_HOSTS;
  const rest = steps.filter(({ step }) => !kept.has(step.host) && !stuck.has(step.host));
  const lost = new Set<number | null>();
  for (const phase of rules.phases.toReversed()) {
    const inPhase = rest.filter(({ step }) => step.phase === phase);
    const due = inPhase.filter((one) => isRunning(one) || one.state === "verified");
    const batches = new Set(due.map(({ step }) => step.batch));
    for (const batch of [...batches].toSorted((one, other) => other - one)) {
      const now = due.filter(({ step }) => step.batch === batch && !lost.has(step.host));
      const move = moveOf(run, now, ({ step, state }) =>
        rules.back(plan, step, progress.seen.get(step.host), state),
      );
      if (move) return move;
      if (!isAlone(run)) return stuckIn(phase);
      for (const { step } of now) lost.add(step.host);
    }
    if (!isAlone(run) && inPhase.some(({ state }) => state === "needs-attention")) return stuckIn(phase);
  }
  return endOfBack(run, { kept, stuck, lost, isUnfinished: open.length > 0 });
}

const stuckIn = (phase: Phase | null): Move => end("needs-attention", { kind: "stuck-in-rollback", phase });

type Hosts = ReadonlySet<number | null>;
type RollBack = { kept: Hosts; stuck: Hosts; lost: Hosts; isUnfinished: boolean };

function endOfBack<P extends Plan>({ plan }: Run<P>, { kept, stuck, lost, isUnfinished }: RollBack): Move {
  if (lost.size > 0)
    return end("needs-attention", { kind: "unreachable-in-rollback", hosts: namesOf(plan, lost) });
  if (isUnfinished) return end("stopped", UNREACHABLE);
  if (stuck.size > 0) return stuckIn(null);
  if (kept.size === 0) return end("rolled-back");
  const isAll = kept.size === plan.hosts.length;
  return end("committed", isAll ? null : { kind: "partly-committed", hosts: namesOf(plan, kept) });
}

function namesOf(plan: Plan, hostIndexes: Hosts): string[] {
  const hosts: readonly { host: string }[] = plan.hosts;
  return hosts.filter((_, hostIndex) => hostIndexes.has(hostIndex)).map(({ host }) => host);
}

/** Tasks of these steps, side by side, or the inspections that they need first; null if they have none. */
function moveOf<P extends Plan>(
  { progress: { seen } }: Run<P>,
  now: readonly Standing[],
  taskOf: (standing: Standing) => NextTask,
): Move | null {
  const next = now.map((standing) => ({ standing, task: taskOf(standing) }));
  const unseen = next.filter(({ task }) => task === "inspect").map(({ standing }) => standing.step.host);
  const hostIndexes = [...new Set(unseen)].filter((hostIndex) => !seen.has(hostIndex));
  if (hostIndexes.length > 0) return { kind: "inspect", hostIndexes };
  const tasks = next.flatMap(({ task }) => (task === null || task === "inspect" ? [] : [task]));
  return tasks.length > 0 ? { kind: "do", tasks } : null;
}

/** For a run that has nothing left to do, while not all is verified. */
function stopOf<P extends Plan>(run: Run<P>): Move {
  const { rules, steps } = run;
  const stuck = steps.filter(({ state }) => state === "needs-attention");
  if (stuck.length > 0) return end("needs-attention", rules.policy.reasonOf(stepsOf(stuck)));
  const failed = hostsWith(steps, ({ state }) => state === "failed").size;
  return end("stopped", failed === 0 ? UNREACHABLE : { kind: "hosts-failed", count: failed });
}

/** Counts the steps of the phase, or the hosts if these do not depend on each other. */
function countFailed<P extends Plan>(run: Run<P>, phase: Phase): RunReason {
  const failed = run.steps.filter(({ state }) => state === "failed");
  return isAlone(run)
    ? { kind: "hosts-failed", count: new Set(failed.map(({ step }) => step.host)).size }
    : { kind: "steps-failed", count: failed.filter(({ step }) => step.phase === phase).length };
}

const BEGUN: ReadonlySet<StepState> = new Set(["intended", "acted", "verified", "failed", "needs-attention"]);

const isCommitBegun = <P extends Plan>(rules: RunRules<P>, { step, state }: Standing): boolean =>
  step.phase === lastPhase(rules as RunRules) && BEGUN.has(state);

const isRunning = ({ state }: Standing): boolean => state === "intended" || state === "acted";

const hostsWith = (steps: readonly Standing[], is: (standing: Standing) => boolean): Hosts =>
  new Set(steps.filter(is).map(({ step }) => step.host));

const NO_HOSTS: Hosts = new Set();

const stepsOf = (some: readonly Standing[]): Step[] => some.map(({ step }) => step);

const UNREACHABLE: RunReason = { kind: "unreachable" };

const end = (state: EndState, reason: RunReason | null = null): End => ({ kind: "end", state, reason });
