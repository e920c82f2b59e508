/** What is run on a host and what is made of its answer: the same, whoever carries it there and back. */
import type { CollectOptions, HostReading } from "./host-reading.ts";
import type { Script, ScriptLimits, ScriptRun } from "./run-script.ts";
import { type PresentedKey, quote, type SshFailure, sayAddress } from "./ssh-failure.ts";

type Wanted = Pick<CollectOptions, "target" | "user" | "collectorScript" | "nonce" | "useSudo" | "limits">;

/**
 * Both commands are the same for every host and hold nothing of the user's, for what parses them is the account's
 * login shell, be it csh or fish. What is asked of the script goes in on its standard input, which sh reads.
 */
const PLAIN = "sh -s";
const AS_ROOT = "sudo -n sh -s -- --sudo";
const BY_SUDO = `sh -c 'if ${AS_ROOT} </dev/null >/dev/null 2>&1; then exec ${AS_ROOT}; else exec ${PLAIN}; fi'`;

export const commandFor = ({ useSudo }: Wanted): string => (useSudo ? BY_SUDO : PLAIN);

/** By what the collector's first and last words are known. */
export const marksOf = ({ nonce }: Wanted) => ({
  firstWord: nonce,
  lastLine: new RegExp(`^end \\d+ ${nonce} .+\\n$`, "m"),
});

/** What the script has left of the time of the visit, once the login has taken so much. */
export function limitsAfter({ limits }: Wanted, spentMs: number): ScriptLimits {
  const endMs = Math.max(0, limits.visitMs - spentMs);
  return { ...limits, beginMs: Math.min(limits.beginMs, endMs), endMs };
}

/**
 * The nonce is written in two halves, so that a command that echoes its input does not pass for a collector. The
 * empty lines are for a rc file that reads an answer from standard input: it takes one of them.
 */
export function scriptFor({ collectorScript, nonce, user }: Wanted, loginKey: string | null): Script {
  const middle = Math.floor(nonce.length / 2);
  const nonceWord = quoteForSh(nonce.slice(0, middle)) + quoteForSh(nonce.slice(middle));
  const keyWords = loginKey === null ? "" : ` --login-key ${quoteForSh(loginKey)}`;
  const settings = `set -- "$@" --nonce ${nonceWord}${keyWords} --login-account ${quoteForSh(user)}\n`;
  return [`${"\n".repeat(8)}${settings}`, collectorScript];
}

const quoteForSh = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What a run has brought home, over whichever transport. */
export function toReading(
  options: Wanted,
  { loginKey, hostKey }: { loginKey: string | null; hostKey: PresentedKey },
  run: ScriptRun,
): HostReading {
  const address = sayAddress(options.target);
  const fail = (outcome: SshFailure["outcome"], message: string): HostReading => ({
    state: "failed",
    outcome,
    message,
    hostKey,
    isKeyRefused: false,
    passing: null,
  });
  const read = {
    stream: run.stdout,
    loginKey,
    hostKey,
    ending: sayEnding(run),
  };
  const hasBegun = run.stdout.includes(options.nonce);
  const size = `${options.limits.streamBytes / 1024 / 1024} MiB`;
  const seconds = (ms: number) => `${ms / 1_000} s`;
  switch (run.end) {
    case "ended":
      if (hasBegun) return { state: "ok", outcome: "collected", message: "", ...read };
      return fail("restricted-shell", `${options.user} at ${address} cannot run a script: ${sayOutput(run)}`);
    case "refused":
      return fail("restricted-shell", `${options.user} at ${address} may not run commands`);
    case "flooded": {
      const message = `${address} sent more than ${size}; the rest was left out`;
      return hasBegun ? { state: "partial", outcome: "flooded", message, ...read } : fail("flooded", message);
    }
    case "timed-out": {
      const { beginMs, visitMs } = options.limits;
      if (!hasBegun)
        return fail(
          "timed-out",
          `${address} did not come to what it was asked to run within ${seconds(beginMs)}: its login shell, or a file that it runs, does not end`,
        );
      const message = `${address} was not read within ${seconds(visitMs)}; the rest was left out`;
      return { state: "partial", outcome: "timed-out", message, ...read };
    }
    case "lost": {
      const message = `${address} hung up while it was read`;
      return hasBegun ? { state: "partial", outcome: "truncated", message, ...read } : fail("reset", message);
    }
  }
}

function sayOutput({ stdout, stderr, exit }: ScriptRun): string {
  const said = stdout.toString("utf8").trim() || stderr.trim();
  if (said) return `it answered ${quote(said)}`;
  if (exit && "code" in exit) return `it ended with status ${exit.code} and said nothing`;
  return "it said nothing (a shell such as nologin, or a forced command)";
}

function sayEnding({ end, exit }: ScriptRun): string | null {
  if (end !== "ended") return null;
  if (!exit) return "the host did not tell how the script ended";
  if ("signal" in exit) return `the script was ended by ${exit.signal}`;
  return exit.code === 0 ? null : `the script ended with status ${exit.code}`;
}
