import type { Unplannable } from "#domain/rotation/plan/draft.ts";

/** `flaw`: what a plan from elsewhere says and is not so. */
export const refuseLie = (flaw: string): Unplannable => ({
  refused: `this plan was edited, or is of other hosts: ${flaw}; plan anew`,
});
