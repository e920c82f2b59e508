/** A word that a host can only say by running what it was sent. */
import { randomBytes } from "node:crypto";
import { type RunCommand, runScript, type ScriptRun } from "#net/ssh/run-script.ts";
import { formatAddress, quote } from "#net/ssh/ssh-failure.ts";
import { inconclusive, type LoginVerification, type VerificationRoute } from "./login-proof.ts";

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
  { word, script }: Word,
  run: RunCommand,
  { limits, target, signal }: VerificationRoute,
): Promise<Exclude<LoginVerification, { kind: "proved" }> | null> {
  const limit = {
    beginMs: limits.readyMs,
    endMs: limits.readyMs,
    streamBytes: MOST_SAID,
    stderrBytes: 4_096,
  };
  const marks = { firstWord: word, lastLine: new RegExp(`^${word}\\n$`, "m") };
  const ran = await runScript({ run, script: [script], ...marks }, limit, signal);
  if (ran.stdout.includes(word)) return null;
  const address = formatAddress(target);
  if (ran.end === "timed-out")
    return inconclusive("timed-out", `${address} let the key in and did not run what it was sent in time`);
  if (ran.end === "lost") return inconclusive("lost", `${address} let the key in and hung up`);
  return { kind: "refused", message: `${address} let the key in, but ran no command: ${formatHeard(ran)}` };
}

function formatHeard({ stdout, stderr }: ScriptRun): string {
  const said = stdout.toString("utf8").trim() || stderr.trim();
  return said ? `it answered ${quote(said)}` : "it said nothing";
}
