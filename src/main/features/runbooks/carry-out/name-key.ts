import type { KeyName } from "#shared/model/step-result.ts";
import type { RunContext } from "./run-context.ts";

/** Which of the keys of a run it is. */
export function nameKey({ plan, made }: Pick<RunContext, "plan" | "made">, fingerprint: string): KeyName {
  const { newKey, oldKey } = plan;
  if (fingerprint === made.newKey?.fingerprint) return { kind: "new", comment: newKey?.comment ?? null };
  return fingerprint === oldKey ? { kind: "old" } : { kind: "other", fingerprint };
}
