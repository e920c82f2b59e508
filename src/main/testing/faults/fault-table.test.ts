import { expect, test } from "vitest";
import { formatFaultTable, recordFault } from "./fault-table.ts";

test("what tests saw comes out as one table, with what failed and what was not run", () => {
  const task = { meta: {} };
  recordFault(task, { id: "S1", injected: "a closed port", seen: "refused" });
  recordFault(task, { id: "S1", injected: "tcp reset", seen: "reset" });
  const { faults } = task.meta as { faults: Parameters<typeof formatFaultTable>[0] };
  const lines = formatFaultTable(faults, ["S3: a stopped sshd is told"]).split("\n");

  expect(lines.slice(0, 5).map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
    " | FAULT | INJECTED BY | REQUIRED | SEEN",
    "S1 | nobody listens, or the packet filter resets | a closed port | refused within 1 s, no retry storm | refused",
    " | tcp reset | reset",
    "S2 | black hole | timed out at the connect limit; other hosts unaffected | not run",
    "S3 | silent accept; sshd is stopped | no answer at 10 s; socket freed | FAILED",
  ]);
  expect(lines.at(-1)).toMatch(/^B10 .* not run$/);
});
