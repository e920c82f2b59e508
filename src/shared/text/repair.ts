import type { RunDetail, RunFile, RunRepair } from "../model/run.ts";

/** What can be approved of a run that needs attention. */
export const repairsOf = ({ state, files }: Pick<RunDetail, "state" | "files">): RunRepair[] =>
  state === "needs-attention"
    ? files.flatMap(({ host, port, path, fate, repair }) =>
        fate === "stuck" && repair ? [{ host, port, path, over: repair.over, to: repair.to }] : [],
      )
    : [];

/** What a repair makes of a stuck file, a line each as in a difference; or why none is known. */
export function formatRepair({ takeOut, putBack, repair, why }: RunFile): string[] {
  if (!repair) return [`no repair is known: ${why}`];
  if (repair.over === repair.to) return ["stays as somebody has made it: no line in it is the run's own"];
  return [...takeOut.map((line) => `- ${line}`), ...putBack.map((line) => `+ ${line}`)];
}
