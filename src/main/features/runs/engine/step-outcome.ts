import type { Back } from "#domain/runs/step.ts";
import type { StepState, StepVerification } from "#shared/model/run.ts";
import type { Awaited, BackAs, Cause, Deed, Evidence, StepResult } from "#shared/model/step-result.ts";

/** What a step came to. `afterwards`: what is done once that is written down. */
export type StepOutcome = {
  state: StepState;
  result: StepResult;
  verification: StepVerification | null;
  afterwards?: () => Promise<void>;
};

export const acted = (what: Deed): StepOutcome => ({
  state: "acted",
  result: { kind: "acted", what },
  verification: null,
});

export const verified = (
  evidence: Evidence[],
  verification: StepVerification | null = null,
): StepOutcome => ({ state: "proved", result: { kind: "verified", evidence }, verification });

/** What it has done stands, and nothing more can be done before something comes. */
export const waiting = (awaited: Awaited): StepOutcome => ({
  state: "acted",
  result: { kind: "waiting", for: awaited },
  // A certificate that is to be brought is no login.
  verification: awaited.kind === "certificate" ? null : "waiting",
});

export const failed = (
  cause: Cause,
  stands: "nothing-removed" | "nothing-changed" | "not-said" = "not-said",
): StepOutcome => ({
  state: "failed",
  result: { kind: "failed", cause, stands, left: [] },
  verification: null,
});

/** Of a step that was rolled back. `as`: how its place stands, where nothing has failed. `left`: what is still there, and does no harm. */
export const rolledBack = (back: Back, as: BackAs, left: Cause[] = []): StepOutcome => ({
  state: back.as,
  result:
    back.as === "undone"
      ? { kind: "rolled-back", as, left }
      : { kind: "failed", cause: back.cause, stands: "rolled-back", left },
  verification: null,
});

/** Somebody has to look. `left`: what stands in the way; `back`: how the step was rolled back; null: it was not. */
export const needsAttention = (left: Cause[], back: Back | null = null): StepOutcome => ({
  state: "needs-attention",
  result: { kind: "needs-attention", cause: back?.as === "failed" ? back.cause : null, left },
  verification: null,
});
