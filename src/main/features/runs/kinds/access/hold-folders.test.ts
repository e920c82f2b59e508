import { expect, test } from "vitest";
import { formatCause } from "#shared/text/runs/run-cause.ts";
import { lateEdit } from "./hold-folders.ts";

test("what an editor wrote late is looked for in the folder of the file, wherever its account says that it is", () => {
  const kept = "/home/evil/.ssh/.latchkey/t1/held-f1a.0a";
  expect(formatCause(lateEdit([kept, "/etc/ssh/sshd_config"], "/home/evil/.ssh"))).toBe(
    `somebody's editor wrote to a file that was replaced meanwhile; what they wrote is kept in ${kept}: check it, then move it away`,
  );
  expect(formatCause(lateEdit(["/home/evil/.ssh/../../../etc/ssh"], "/home/evil/.ssh"))).toContain(
    "is kept in /home/evil/.ssh/.latchkey:",
  );
});
