/** A word that a host can only say by running what it was sent. */
import { randomBytes } from "node:crypto";
import { runScript, type ScriptRun, type Start } from "#net/ssh/run-script.ts";
import { quote, sayAddress } from "#net/ssh/ssh-failure.ts";
import { inconclusive, type LoginProof, type ProofRoute } from "./login-proof.ts";

/** The same for every host and account: what parses it is the account's login shell, whichever that is. */
export const WORD_COMMAND = "sh -s";

const MOST_SAID = 64 * 1024;

export type Word = { word: string; script: string };

/** In two halves, so that a command that echoes its input does not pass; after lines that an rc file may swallow. */
export function makeWord(): Word {
  const [first, second] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  return {
    word: `latchkey-${first}${second}`,
    script: `${"\n".repeat(8)}echo latchkey-${first}''${second}\n`,
  };
}

/** Null: the word has come back. */
export async function hearWord(
  { word }: Word,
  start: Start,
  { limits, target, signal }: ProofRoute,
): Promise<Exclude<LoginProof, { kind: "proved" }> | null> {
  const limit = {
    beginMs: limits.readyMs,
    endMs: limits.readyMs,
    streamBytes: MOST_SAID,
    stderrBytes: 4_096,
  };
  const marks = { firstWord: word, lastLine: new RegExp(`^${word}\\n$`, "m") };
  const run = await runScript({ start, ...marks }, limit, signal);
  if (run.stdout.includes(word)) return null;
  const address = sayAddress(target);
  if (run.end === "timed-out")
    return inconclusive("timed-out", `${address} let the key in and did not run what it was sent in time`);
  if (run.end === "lost") return inconclusive("lost", `${address} let the key in and hung up`);
  return { kind: "refused", message: `${address} let the key in, but ran no command: ${sayHeard(run)}` };
}

function sayHeard({ stdout, stderr }: ScriptRun): string {
  const said = stdout.toString("utf8").trim() || stderr.trim();
  return said ? `it answered ${quote(said)}` : "it said nothing";
}
