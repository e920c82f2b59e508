import { expect, test } from "vitest";
import { makeFile } from "#domain/runs/testdata/make-plan-value.ts";
import { linesRemoved } from "./move-file.ts";

test("lines that a removal takes away are put back as lines, however they were cut", () => {
  const cut = (at: number, removed: string) => ({ at, removed, inserted: "" });
  const file = {
    ...makeFile(0, "removed"),
    removed: [cut(0, "one AAAA"), cut(20, "two\\x0a"), cut(40, "three")],
  };
  expect(String(Buffer.from(linesRemoved(file, null)))).toBe("one AAAA\ntwo\nthree\n");
});
