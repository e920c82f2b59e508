import type { FilePlan } from "#shared/model/plan.ts";

/** `a grant`, `6 grants`: as many as lines go or change; a line that lets in to several accounts is one. */
export function formatGrants(files: readonly Pick<FilePlan, "changes" | "removes">[]): string {
  const lines = files.reduce((sum, { changes, removes }) => sum + changes + removes, 0);
  return lines === 1 ? "a grant" : `${lines} grants`;
}
