import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readRotationScript } from "#testing/read-scripts.ts";
import { readLockOwner } from "./remote-session.ts";

const isPosix = process.platform !== "win32";

/** The answers of a function of lock.sh for each of these words, a line each. */
async function ask(question: string, words: readonly string[]): Promise<string[]> {
  const lock = await readRotationScript("session/lock.sh");
  const head = `${lock}\nput_line() { printf '%s\\n' "$1"; }\nrun=token00000\n`;
  const asked = words.map((word) => `who='${word.replaceAll("'", "'\\''")}'; ${question}`);
  const { stdout } = spawnSync("sh", ["-s"], { input: `${head}${asked.join("\n")}\n`, encoding: "latin1" });
  return stdout.split("\n").slice(0, -1);
}

const isHolder = (who: string): boolean =>
  readLockOwner(["token00000", who, "1795613274", "1795616874", "1795613274"]) !== null;

/** Each byte that a word may have in it, except a line end. */
const NAMES = Array.from({ length: 255 }, (_, at) => `jo${String.fromCharCode(at + 1)}web`).filter(
  (name) => !name.includes("\n"),
);

test.skipIf(!isPosix)("a host and the workstation take the same names for the holder of a lock", async () => {
  const question = 'if is_lock goal token00000 "$who" 1795613274 1795616874; then echo yes; else echo no; fi';
  const taken = await ask(question, NAMES);
  expect(taken).toEqual(NAMES.map((name) => (isHolder(name) ? "yes" : "no")));
});

test.skipIf(!isPosix)("whoever takes a lock is named so that both take the name", async () => {
  const written = await ask('clean_lock_owner "$who"; put_line "$who"', [...NAMES, "x".repeat(300)]);
  expect(written).toHaveLength(NAMES.length + 1);
  expect(written.filter((name) => !isHolder(name))).toEqual([]);
});
