import { expect, test } from "vitest";
import { countFreeDescriptors, readLimit } from "./descriptors.ts";

test("the soft limit of open files is what counts, and none where it is unlimited or not told", () => {
  const table = (soft: string) =>
    `Limit   Soft Limit   Hard Limit   Units\nMax open files   ${soft}   4096   files\n`;
  expect([table("64"), table("unlimited"), ""].map(readLimit)).toEqual([64, null, null]);
  expect(countFreeDescriptors()).toBeGreaterThanOrEqual(2);
});
