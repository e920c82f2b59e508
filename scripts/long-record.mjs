import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "node_modules/.cache/latchkey-long";

/**
 * Which parts of the long tests have passed, by one state of the tree: a line a part, the last one of it counts. It is written as soon as
 * a part has ended, for whoever runs them may be interrupted. Without a path nothing is kept.
 *
 * @param {string | null} path
 */
export function openRecord(path) {
  return {
    /** @param {string} part @param {{ passed: boolean, seconds: number }} end */
    add(part, { passed, seconds }) {
      if (path !== null)
        appendFileSync(path, `${passed ? "passed" : "failed"} ${Math.round(seconds)} ${part}\n`);
    },
    /** @returns {Map<string, { passed: boolean, seconds: number }>} by its part */
    read() {
      const lines = path !== null && existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
      return new Map(
        lines.flatMap((line) => {
          const [, state, seconds, part = ""] = /^(passed|failed) (\d+) (.+)$/.exec(line) ?? [];
          return state ? [[part, { passed: state === "passed", seconds: Number(seconds) }]] : [];
        }),
      );
    },
  };
}

/**
 * Where the record of the tree as it stands here is kept: of its commit, what differs from that, and what is there beside it. Null where
 * git does not tell.
 */
export function findRecord() {
  try {
    const git = (/** @type {string[]} */ ...words) =>
      execFileSync("git", words, { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] });
    const state = createHash("sha256")
      .update(git("rev-parse", "HEAD"))
      .update(git("diff", "--binary", "HEAD"));
    const others = git("ls-files", "-z", "--others", "--exclude-standard")
      .toString()
      .split("\0")
      .filter(Boolean);
    for (const path of others.sort()) state.update(`${path}\0`).update(readFileSync(path));
    mkdirSync(FOLDER, { recursive: true });
    return join(FOLDER, `${state.digest("hex").slice(0, 16)}.txt`);
  } catch {
    return null;
  }
}
