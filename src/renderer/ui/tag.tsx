import {
  IconCheck,
  IconCircleCheck,
  IconCircleX,
  IconProgressAlert,
  IconQuestionMark,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Outcome, ProbeState } from "#shared/model/hosts/probe.ts";
import { formatOutcome } from "#shared/text/hosts/endpoint.ts";
import classes from "./tag.module.css";

export type Tone = "red" | "orange" | "amber" | "green" | "blue" | "gray";

type Props = { tone: Tone; Icon: TablerIcon; children: ReactNode; isPlain?: boolean };

/** A state: its icon, its word and its colour together, never the colour alone. */
export function Tag({ tone, Icon, children, isPlain = false }: Props) {
  return (
    <span className={`${classes.tag} ${classes[tone]} ${isPlain ? classes.plain : ""}`}>
      <Icon size={14} stroke={2} aria-hidden />
      {children}
    </span>
  );
}

export const toneClass = (tone: Tone): string | undefined => classes[tone];

export const PROBE_STATES: Record<ProbeState, { tone: Tone; Icon: TablerIcon; word: string }> = {
  ok: { tone: "green", Icon: IconCircleCheck, word: "Read" },
  partial: { tone: "amber", Icon: IconProgressAlert, word: "Read in part" },
  failed: { tone: "red", Icon: IconCircleX, word: "Failed" },
};

/** How a probe went: read, read in part, or the outcome that kept it from being read. */
export function ProbeTag({ state, outcome }: { state: ProbeState; outcome: Outcome }) {
  const { tone, Icon, word } = PROBE_STATES[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {state === "failed"
        ? formatOutcome(outcome)
        : outcome === "presented" && state === "ok"
          ? "Presented"
          : word}
    </Tag>
  );
}

/** Whether a step of a path, or all of it, is certain. */
export function Certainty({ isCertain }: { isCertain: boolean }) {
  return isCertain ? (
    <Tag tone="blue" Icon={IconCheck}>
      Certain
    </Tag>
  ) : (
    <Tag tone="amber" Icon={IconQuestionMark}>
      Possible
    </Tag>
  );
}
