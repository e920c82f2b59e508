import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesPattern, matchPatternList } from "./pattern.ts";

test("a star stands for any run, a question mark for one character", () => {
  expect(["alice", "al", "ali.ce"].map((name) => matchesPattern(name, "a*i?e"))).toEqual([
    true,
    false,
    false,
  ]);
  expect(matchesPattern("", "*")).toBe(true);
  expect(matchesPattern("a", "")).toBe(false);
});

test("a negated item wins wherever it stands", () => {
  expect(matchPatternList("bob", "b*,!bob")).toBe("negated");
  expect(matchPatternList("bea", "!bob,b*")).toBe("match");
  expect(matchPatternList("al", "!bob")).toBe("none");
});

test("it agrees with a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
  fc.assert(
    fc.property(text, pattern, (one, other) => {
      const expression = new RegExp(`^${other.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(matchesPattern(one, other)).toBe(expression.test(one));
    }),
  );
});

test("stars without end do not take time without end", () => {
  expect(matchesPattern("a".repeat(5_000), `${"*a".repeat(200)}*b`)).toBe(false);
});
