import type { Back } from "#domain/rotation/run/step.ts";
import type { BackAs, Cause, StepResult } from "#shared/model/step-result.ts";

/** Of a step that was taken back. `as`: how its place stands, where nothing has failed. `left`: what is still there, and does no harm. */
export const resultOf = (back: Back, as: BackAs, left: Cause[] = []): StepResult =>
  back.as === "undone"
    ? { kind: "rolled-back", as, left }
    : { kind: "failed", cause: back.cause, stands: "rolled-back", left };

/** Of a step that could not be taken back. `left`: what stands in the way. */
export const stuckOf = (back: Back, left: Cause[]): StepResult => ({
  kind: "needs-attention",
  cause: back.as === "failed" ? back.cause : null,
  left,
});
