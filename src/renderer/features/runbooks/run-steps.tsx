import { IconChevronRight } from "@tabler/icons-react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import { Phase, type RunDetail, type RunState, type RunStep } from "#shared/model/run.ts";
import { formatHost } from "#shared/text/plan.ts";
import { LookTag, lookOf } from "./run-state.tsx";
import classes from "./runbooks.module.css";
import { formatPhase } from "./words.ts";

/** The phases in their order, and in each its hosts: what needs attention first, then by the order of the run. */
export function PhaseSteps({ run }: { run: RunDetail }) {
  const { stepList } = run;
  const phases = Phase.options
    .map((phase) => ({ phase, steps: stepList.filter((step) => step.phase === phase) }))
    .filter(({ steps }) => steps.length > 0);
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

const ORDER = ["needs-attention", "failed", "intended", "acted", "undone", "planned", "proved"];

function PhaseLines({ phase, steps, run: { kind, state } }: PhaseProps) {
  const ordered = steps.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.ordinal - b.ordinal,
  );
  const worst = ordered[0];
  const done = steps.filter((step) => step.state === "proved").length;
  const isTouched = steps.some((step) => step.state !== "planned");
  return (
    <details className={classes.phase} open={isTouched && (done < steps.length || steps.length <= 8)}>
      <summary>
        <IconChevronRight size={15} className={classes.chevron} aria-hidden />
        <span className={classes.phaseName}>{formatPhase(phase, kind)}</span>
        <span className={classes.of}>
          {done} of {steps.length}
        </span>
        {worst && <LookTag look={lookOf(worst, state)} />}
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
          <LookTag look={lookOf(step, state)} />
        </>
      }
      below={message !== "" && <Untrusted text={message} limit={600} />}
    >
      {host === null ? "this computer" : <Untrusted text={formatHost({ host, port })} />}
    </Line>
  );
}
