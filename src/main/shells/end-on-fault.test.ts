import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const CANARY = "canary-2f7c";

test.each([
  ["thrown", `setImmediate(() => { throw new RangeError("${CANARY}") })`],
  ["rejected", `void Promise.reject(new RangeError("${CANARY}", { cause: "${CANARY}" }))`],
])(
  "a fault that was %s and nobody caught ends the process, and nothing that it held is printed",
  (_, fault) => {
    const program = `import { endOnFault } from "${import.meta.dirname}/end-on-fault.ts"; endOnFault(); ${fault}`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^latchkey: something went wrong: RangeError/);
    expect(stderr).not.toContain(CANARY);
    expect(status).toBe(3);
  },
);
