import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { holdsExpression } from "./state.ts";

const run = promisify(execFile);

/** Terms of conditions, which HAProxy and our reader evaluate. */
const bare = fc.constantFrom(
  "0",
  "1",
  "7",
  "defined(THERE)",
  "defined(GONE)",
  "streq(a,a)",
  "streq(a,ab)",
  "strneq(a,b)",
  "strstr(abc,b)",
  "strstr(abc,d)",
  "version_atleast(2.4)",
  "version_before(2.4)",
  "version_atleast(1.8)",
  "feature(OPENSSL)",
  "streq(a b,a b)",
  "defined(WHO_KNOWS)",
);
const expression = fc.letrec<{ whole: string }>((tie) => ({
  whole: fc.oneof(
    { maxDepth: 4, depthSize: "large" },
    bare,
    tie("whole").map((inner) => `!(${inner})`),
    tie("whole").map((inner) => `( ${inner} )`),
    bare.map((inner) => `!!${inner}`),
    fc
      .tuple(tie("whole"), fc.constantFrom(" && ", " || ", "&&", "|| "), tie("whole"))
      .map(([one, operator, other]) => one + operator + other),
  ),
})).whole;

test("what is decided of conditions is what HAProxy decides", async () => {
  await using folder = await makeTemporaryFolder();
  const expressions = fc.sample(expression, { numRuns: 400, seed: 7 });
  const path = join(folder.path, "haproxy.cfg");
  const asked = expressions.map((one, at) => `.if ${one}\n.notice "${at}+"\n.else\n.notice "${at}-"\n.endif`);
  await writeFile(path, `global\n  setenv THERE it\n  unsetenv GONE\n${asked.join("\n")}\n`);
  // Nothing listens, for which HAProxy has its own exit code.
  const { stderr } = await run("haproxy", ["-c", "-f", path]).catch((error: { stderr: string }) => error);
  const theirs = new Map(
    [...stderr.matchAll(/'(\d+)([+-])'/g)].map(([, at, sign]) => [Number(at), sign === "+"]),
  );
  expect(theirs.size).toBe(expressions.length);
  const there = new Map([
    ["THERE", true],
    ["GONE", false],
  ]);
  const ours = expressions.map((one) => holdsExpression(one.split(" "), (name) => there.get(name) ?? null));
  expect(ours.filter((one) => one !== null).length).toBeGreaterThan(200);
  for (const [at, one] of expressions.entries()) expect(ours[at] ?? theirs.get(at), one).toBe(theirs.get(at));
});
