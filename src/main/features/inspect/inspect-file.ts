import { viewOf } from "#codec/der.ts";
import { inspectBytes } from "#domain/inspect/inspect-bytes.ts";
import { isKubernetes } from "#domain/inspect/inspect-pem.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import type { Redacted } from "#shared/model/redacted.ts";
import type { createAside } from "./inspect-aside.ts";

/** A larger file is looked into where it can be stopped. */
const MOST_HERE = 256 * 1024;

type InspectRequest = { name: string; base64: string; passwords: readonly Redacted<string>[] };

/**
 * What a file holds. What is quick is done here; what has a lock to try passwords on, is large or is YAML is done in a
 * thread that can be stopped.
 */
export async function inspectFile(
  { name, base64, passwords }: InspectRequest,
  aside: ReturnType<typeof createAside>,
): Promise<Inspection> {
  const bytes = Buffer.from(base64, "base64");
  const view = viewOf(bytes);
  const isSlow = bytes.length > MOST_HERE || isKubernetes(view);
  const quick = isSlow ? null : inspectBytes(name, bytes);
  if (quick && quick.wantsPassword === null) return quick;
  const answer = await aside.inspect({ name, bytes, passwords });
  if (answer.kind === "inspected") return answer.inspection;
  const why =
    answer.kind === "too-long"
      ? `it was looked into for ${answer.limitMs / 1_000} s, and given up`
      : `this program failed to look into it (${answer.why})`;
  const base = quick ?? { ...NOTHING, source: name };
  return { ...base, malformed: [...base.malformed, quick ? `its lock could not be tried: ${why}` : why] };
}

const NOTHING = {
  kind: "unknown",
  items: [],
  stores: [],
  malformed: [],
  wantsPassword: null,
  isWrongPassword: false,
} satisfies Omit<Inspection, "source">;
