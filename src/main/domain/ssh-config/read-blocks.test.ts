import { expect, test } from "vitest";
import { makeConfig } from "#domain/ssh-config/testdata/make-config.ts";

test("a file that includes thousands of files on each of its lines comes to an end", () => {
  const many = Array.from({ length: 4_096 }, (_, index) => `file${index}`);
  const config = makeConfig({ config: `${"Include many\n".repeat(100_000)}Host a\n  Port 1` }, { many });
  expect(config.broken[0]).toMatchObject({ why: expect.stringContaining("after too many others") });
  expect(config.portOf("a", null)).toBe(1);
});
