import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openRecord } from "./long-record.mjs";

const folder = mkdtempSync(join(tmpdir(), "latchkey-long-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("of a part the last end counts, and a line that was cut off counts for nothing", () => {
  const path = join(folder, "record.txt");
  const record = openRecord(path);
  expect(record.read()).toEqual(new Map());
  record.add("src/a.long.test.ts", { passed: false, seconds: 3.4 });
  record.add("e2e", { passed: true, seconds: 60 });
  record.add("src/a.long.test.ts", { passed: true, seconds: 4 });
  record.add("e2e", { passed: false, seconds: 61 });
  appendFileSync(path, "passed 9");
  expect(openRecord(path).read()).toEqual(
    new Map([
      ["src/a.long.test.ts", { passed: true, seconds: 4 }],
      ["e2e", { passed: false, seconds: 61 }],
    ]),
  );
});
