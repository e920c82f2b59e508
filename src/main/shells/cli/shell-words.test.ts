import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinShellWords, quoteShellWord } from "#shared/text/command-line.ts";

test("a shell reads each word as it was, whatever it holds, and runs nothing", () => {
  const word = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom("'", '"', "\\", "$", "`", "(", ")", ";", "&", "|", "~", "!", "*", " ", "#", "="),
    }),
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const line = joinShellWords(words);
      if (line === null) return;
      const read = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });
      expect(read.split("\0").slice(0, -1)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

test("a word that a terminal would act on is in no line", () => {
  for (const word of ["a\nb", "\u001b[2J", "a\u202eb", "\u0003", "a\u200bb"])
    expect(quoteShellWord(word)).toBeNull();
  expect(joinShellWords(["latchkey", "a\rb"])).toBeNull();
});
