import {
  IconAlertOctagon,
  IconArrowBackUp,
  IconChevronRight,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconHandStop,
  IconHelpCircle,
  IconHourglass,
  IconLoader,
  IconPencil,
  IconPlayerPause,
  IconPlugConnectedX,
  type TablerIcon,
} from "@tabler/icons-react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Phase, RunDetail, RunRow, RunState, RunStep, StepState } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./runs.module.css";
import { formatPhaseTitle } from "./words.ts";

type TagContent = { tone: Tone; Icon: TablerIcon; word: string };

export const RUN_STATES: Record<RunState, TagContent> = {
  running: { tone: "blue", Icon: IconLoader, word: "Running" },
  paused: { tone: "gray", Icon: IconPlayerPause, word: "Paused" },
  stopped: { tone: "red", Icon: IconHandStop, word: "Stopped" },
  interrupted: { tone: "amber", Icon: IconPlugConnectedX, word: "Interrupted" },
  waiting: { tone: "blue", Icon: IconHourglass, word: "Waiting" },
  committed: { tone: "green", Icon: IconCircleCheck, word: "Committed" },
  "rolled-back": { tone: "gray", Icon: IconArrowBackUp, word: "Rolled back" },
  "needs-attention": { tone: "red", Icon: IconAlertOctagon, word: "Needs attention" },
};

const STEP_STATES: Record<StepState, TagContent> = {
  planned: { tone: "gray", Icon: IconCircleDashed, word: "Not started" },
  intended: { tone: "blue", Icon: IconLoader, word: "In progress" },
  acted: { tone: "blue", Icon: IconPencil, word: "Written" },
  verified: { tone: "green", Icon: IconCircleCheck, word: "Verified" },
  "rolled-back": { tone: "gray", Icon: IconArrowBackUp, word: "Rolled back" },
  failed: { tone: "red", Icon: IconCircleX, word: "Failed" },
  "needs-attention": { tone: "red", Icon: IconAlertOctagon, word: "Needs attention" },
};

/** It was begun, and nobody has read it since: only the host knows. */
const UNKNOWN: TagContent = { tone: "amber", Icon: IconHelpCircle, word: "Not known" };

const WAITING: TagContent = { tone: "blue", Icon: IconHourglass, word: "Waiting for a login" };

/** It is done, and no login has shown it. */
const UNVERIFIED: TagContent = { tone: "amber", Icon: IconHelpCircle, word: "Not verified" };

/** The state of a step. In a run that is not running, no step is under way. */
function tagContentOf({ state, verification }: RunStep, run: RunState): TagContent {
  if (verification === "waiting") return WAITING;
  if (verification === "unverified" && state === "verified") return UNVERIFIED;
  return state === "intended" && run !== "running" ? UNKNOWN : STEP_STATES[state];
}

export function ContentTag({ content: { tone, Icon, word } }: { content: TagContent }) {
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

export const RunStateTag = ({ state }: { state: RunState }) => <ContentTag content={RUN_STATES[state]} />;

type Progress = Pick<RunRow, "steps" | "stepsDone" | "failed">;

export const formatProgress = ({ steps, stepsDone }: Progress): string =>
  `${stepsDone.toLocaleString("en")} of ${formatCount(steps, "step")}`;

/** The progress of a run: what is verified, what failed, and what is still to come. */
export function RunBar({ run }: { run: Progress }) {
  const share = (count: number) => (run.steps === 0 ? 0 : (100 * count) / run.steps);
  const [done, failed] = [share(run.stepsDone), share(run.failed)];
  return (
    <svg
      className={classes.bar}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${formatProgress(run)} done, ${run.failed} failed`}
    >
      <rect width="100" height="6" className={classes.track} />
      <rect width={done} height="6" className={classes.done} />
      <rect x={done} width={failed} height="6" className={classes.failed} />
    </svg>
  );
}

/** How many lines come, change and go, each by its sign. */
export function LineCounts({ counts }: { counts: { adds: number; changes: number; removes: number } }) {
  const { adds, changes, removes } = counts;
  return (
    <span className={classes.counts} title={`${adds} to add, ${changes} to change, ${removes} to remove`}>
      <span className={adds > 0 ? classes.plus : classes.zero}>+{adds}</span>
      <span className={changes > 0 ? classes.tilde : classes.zero}>~{changes}</span>
      <span className={removes > 0 ? classes.minus : classes.zero}>−{removes}</span>
    </span>
  );
}

/** The phases in their order, and in each its hosts: what needs attention first, then by the order of the run. */
export function PhaseSteps({ run }: { run: RunDetail }) {
  const { stepList } = run;
  // Steps are numbered in the order in which their phases take place.
  const phases = [...new Set(stepList.map(({ phase }) => phase))].map((phase) => ({
    phase,
    steps: stepList.filter((step) => step.phase === phase),
  }));
  if (phases.length === 0) return <p className={classes.dim}>It has no step yet.</p>;
  return (
    <Section title="Steps" count={stepList.length}>
      <div className={classes.steps}>
        {phases.map(({ phase, steps }) => (
          <PhaseLines key={phase} phase={phase} steps={steps} run={run} />
        ))}
      </div>
    </Section>
  );
}

type PhaseProps = { phase: Phase; steps: readonly RunStep[]; run: Pick<RunDetail, "kind" | "state"> };

const ORDER = ["needs-attention", "failed", "intended", "acted", "rolled-back", "planned", "verified"];

function PhaseLines({ phase, steps, run: { kind, state } }: PhaseProps) {
  const ordered = steps.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.ordinal - b.ordinal,
  );
  const worst = ordered[0];
  const done = steps.filter((step) => step.state === "verified").length;
  const isTouched = steps.some((step) => step.state !== "planned");
  return (
    <details className={classes.phase} open={isTouched && (done < steps.length || steps.length <= 8)}>
      <summary>
        <IconChevronRight size={15} className={classes.chevron} aria-hidden />
        <span className={classes.phaseName}>{formatPhaseTitle(phase, kind)}</span>
        <span className={classes.of}>
          {done} of {steps.length}
        </span>
        {worst && <ContentTag content={tagContentOf(worst, state)} />}
      </summary>
      <Lines>
        {ordered.map((step) => (
          <StepLine key={step.ordinal} step={step} state={state} />
        ))}
      </Lines>
    </details>
  );
}

function StepLine({ step, state }: { step: RunStep; state: RunState }) {
  const { host, port, message, at } = step;
  return (
    <Line
      end={
        <>
          {at !== null && <When instant={at} />}
          <ContentTag content={tagContentOf(step, state)} />
        </>
      }
      below={message !== "" && <Untrusted text={message} limit={600} />}
    >
      {host === null ? "this computer" : <HostName host={host} port={port} />}
    </Line>
  );
}
