import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesGlob, matchesPattern, matchPatternList } from "./patterns.ts";

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

test("wildcards stay within a folder, sets are sets, and a dot must be written", () => {
  const fitting = ["*/keys", "?tc/keys", "[e]tc/*", "[!x]tc/k[a-f]ys", "etc/[[:alpha:]]*", "etc/k[]e]ys"];
  const others = ["*", "etc*", "[^e]tc/keys", "etc/keys", "etc/[keys", "etc/k[e", "?etc/keys"];
  expect(fitting.filter((pattern) => !matchesGlob("etc/keys", pattern))).toEqual([]);
  expect(others.filter((pattern) => matchesGlob("etc/keys", pattern))).toEqual([]);
  expect(["a/*", "a/.*", "a/\\.[b]"].map((pattern) => matchesGlob("a/.b", pattern))).toEqual([
    false,
    true,
    true,
  ]);
});

test("a shell's case says the same of names without a dot", () => {
  const names = ["a", "ab", "b-", "]", "c[", "aab"];
  const pattern = fc
    .array(fc.constantFrom("a", "b", "*", "?", "[ab]", "[!a]", "[a-c]", "[]a]", "-"), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join(""))
    .filter((text) => /[*?[]/.test(text));
  const patterns = fc.sample(pattern, 60);
  const lines = patterns.flatMap((text) =>
    names.map((name) => `case '${name}' in ${text}) echo y;; *) echo n;; esac`),
  );
  const answers = execFileSync("sh", ["-c", lines.join("\n")], { encoding: "utf8" })
    .trim()
    .split("\n");
  const ours = patterns.flatMap((text) => names.map((name) => (matchesGlob(name, text) ? "y" : "n")));
  expect(ours).toEqual(answers);
});

test("no pattern makes it throw or linger", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (path, pattern) => {
      expect(typeof matchesGlob(path, `*${pattern}`)).toBe("boolean");
    }),
  );
  expect(matchesGlob("a".repeat(2_000), `${"*a".repeat(500)}b`)).toBe(false);
});
