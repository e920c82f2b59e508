import type { RunContext } from "./run-context.ts";

/** A key of a run as people know it; whole fingerprints are where the run itself is shown. */
export function nameKey({ plan, made }: Pick<RunContext, "plan" | "made">, fingerprint: string): string {
  const { newKey, oldKey } = plan;
  if (fingerprint === made.newKey?.fingerprint)
    return newKey?.comment ? `the new key (${newKey.comment})` : "the new key";
  return fingerprint === oldKey ? "the old key" : `the key ${fingerprint.slice(0, SHORT)}...`;
}

/** `SHA256:` and twelve characters more: enough to find it by. */
const SHORT = 19;
