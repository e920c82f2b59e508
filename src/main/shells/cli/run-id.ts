import { Refusal } from "#shared/model/refusal.ts";
import { RunId } from "#shared/model/run.ts";

/** As it is typed. */
export function readRunId(text: string): RunId {
  const id = RunId.safeParse(Number(text));
  if (!id.success)
    throw new Refusal("invalid-input", `${text} is not the number of a run; latchkey runs list shows them`);
  return id.data;
}
