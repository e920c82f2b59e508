import { hashBytes } from "#domain/runs/files/stages.ts";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { tokenOf } from "#domain/runs/offline/write-script.ts";
import type { KeyPlan } from "#shared/model/runs/plan.ts";

/** Hashes of the files after its plan. */
export const AFTER = { added: "a".repeat(64), removed: "b".repeat(64) };

export const WRITTEN_AT = "2026-03-01T00:00:00Z";

export const ALL_PHASES = "grant revoke finish";

/** What each outcome leaves of a file. */
const LEFT: Record<string, string> = { committed: AFTER.removed, added: AFTER.added };

export const nonceOf = (index: number, phases: string): string =>
  hashBytes(Buffer.from(`${index} ${phases}`));

/** As an offline script writes it, with its digest. */
export function writeResult(
  plan: KeyPlan,
  index: number,
  outcome: string,
  more: Partial<
    Record<"token" | "phases" | "at" | "why" | "kept" | "key" | "proof" | "nonce" | "file", string> & {
      ended: number;
      /** By its index in the plan: from which phase on, and why. */
      leftOut: Record<number, string>;
      unended: string;
      keepsOldKey: boolean;
    }
  > = {},
): string {
  const host = plan.hosts[index] as KeyPlan["hosts"][number];
  const hash = hashPlan(plan);
  const phases = more.phases ?? ALL_PHASES;
  const left = more.file ?? LEFT[outcome] ?? "0".repeat(64);
  const text = [
    "latchkey-result-2",
    `plan ${hash}`,
    `host ${host.host} ${host.port}`,
    `token ${more.token ?? tokenOf(hash, host)}`,
    `nonce ${more.nonce ?? nonceOf(index, phases)}`,
    "began 1772323200",
    `ended ${more.ended ?? 1772323260}`,
    `outcome ${outcome}`,
    `phases ${phases}`,
    `at ${more.at ?? "revoke"}`,
    `why ${more.why ?? "%"}`,
    `kept ${more.kept ?? "%"}`,
    ...(more.keepsOldKey ? ["old-key kept"] : []),
    ...(more.key ? [`key ${more.key}`] : []),
    ...(more.proof ? [`key-signature ${more.proof}`] : []),
    ...Object.entries(more.leftOut ?? {}).map(([index, why]) => `left-out f${index} ${why}`),
    ...(more.unended ? [`unended ${more.unended}`] : []),
    ...(phases === "create-key"
      ? []
      : host.files.map((_, at) => `file f${at} ${more.leftOut?.[at] ? "none" : left}`)),
    "",
  ].join("\n");
  return Buffer.from(`${text}end ${hashBytes(Buffer.from(text))}\n`).toString("base64");
}
