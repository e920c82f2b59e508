import { expect, test } from "vitest";
import { makeChange } from "#domain/rotation/testdata/make-change.ts";
import { makeHost, makePlanValue } from "#domain/rotation/testdata/make-plan-value.ts";
import type { RunStep } from "#shared/model/run.ts";
import { sayByHand } from "./by-hand.ts";

const plan = makePlanValue({
  ...{ kind: "rotate-certificate", oldKey: null, newKey: null },
  hosts: [makeHost({ host: "web1", batch: 0, certificates: [makeChange(0)] })],
});

const sayOf = (phase: RunStep["phase"]): string => {
  const at = { ordinal: 1, phase, host: "web1", port: 22, batch: 0 };
  return sayByHand(plan, [{ ...at, state: "needs-attention", message: "", at: null }], [], "t0").join("\n");
};

test("by hand, old files go back where an installation is stuck, and are cleared away where a commit is", () => {
  expect(sayOf("install")).toContain("mv -f");
  expect(sayOf("install")).not.toContain("rm -rf");
  for (const phase of ["commit", "request"] as const) {
    expect(sayOf(phase)).toContain("rm -rf '/var/lib/latchkey/t0/");
    expect(sayOf(phase)).not.toContain("mv -f");
  }
  expect(sayOf("recheck")).toBe("");
});
