import type { Outcome } from "#shared/model/probe.ts";
import { type Connection, type LoginOptions, logIn } from "./log-in.ts";
import { runScript, type ScriptLimits, type ScriptRun } from "./run-script.ts";
import { type PresentedKey, quote, type SshFailure, sayAddress } from "./ssh-failure.ts";

export type CollectOptions = LoginOptions & {
  /**
   * POSIX sh; it takes --nonce, --login-key, --login-account and, when it runs by sudo, --sudo, and prints the
   * nonce before anything that counts.
   */
  collectorScript: string;
  /** A word that nothing on the host can know beforehand. */
  nonce: string;
  /** Run it as root, where `sudo -n` lets us without a password; otherwise as the account itself. */
  useSudo: boolean;
  /** Whatever the login has taken of `visitMs`, the script has the rest. */
  limits: LoginOptions["limits"] & Omit<ScriptLimits, "endMs"> & { visitMs: number };
};

type Read = {
  message: string;
  /** All that the host printed, noise before the nonce included. */
  stream: Uint8Array;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  hostKey: PresentedKey;
  /** How the script ended, when it was not by exit status 0: whether the stream is whole, its trailer tells. */
  ending: string | null;
};

/** What a visit to a host met: what it printed, some of it, or why nothing. */
export type HostReading =
  | (Read & { state: "ok"; outcome: "collected" })
  | (Read & { state: "partial"; outcome: Extract<Outcome, "flooded" | "truncated" | "timed-out"> })
  | (SshFailure & { state: "failed" });

/** The limits of design section 4. */
export const SSH_LIMITS: CollectOptions["limits"] = {
  connectMs: 3_000,
  readyMs: 10_000,
  beginMs: 10_000,
  visitMs: 30_000,
  streamBytes: 16 * 1024 * 1024,
  stderrBytes: 64 * 1024,
};

/**
 * Both commands are the same for every host and hold nothing of the user's, for what parses them is the account's
 * login shell, be it csh or fish. What is asked of the script goes in on its standard input, which sh reads.
 */
const PLAIN = "sh -s";
const AS_ROOT = "sudo -n sh -s -- --sudo";
const BY_SUDO = `sh -c 'if ${AS_ROOT} </dev/null >/dev/null 2>&1; then exec ${AS_ROOT}; else exec ${PLAIN}; fi'`;

/** Visits a host once: one connection, one command. Rejects only when told to stop. */
export async function collectHost(options: CollectOptions): Promise<HostReading> {
  const connection = await logIn(options);
  if (!("client" in connection)) return { state: "failed", ...connection };
  try {
    const run = await runScript(
      connection,
      {
        command: options.useSudo ? BY_SUDO : PLAIN,
        script: withArguments(options, connection.identity?.fingerprint ?? null),
        firstWord: options.nonce,
        lastLine: new RegExp(`^end \\d+ ${options.nonce} .+\\n$`, "m"),
      },
      toScriptLimits(options.limits, connection),
      options.signal,
    );
    return toReading(options, connection, run);
  } finally {
    await connection.close();
  }
}

function toScriptLimits(limits: CollectOptions["limits"], { spentMs }: Connection): ScriptLimits {
  const endMs = Math.max(0, limits.visitMs - spentMs);
  return { ...limits, beginMs: Math.min(limits.beginMs, endMs), endMs };
}

/**
 * The nonce is written in two halves, so that a command that echoes its input does not pass for a collector. The
 * empty lines are for a rc file that reads an answer from standard input: it takes one of them.
 */
function withArguments({ collectorScript, nonce, user }: CollectOptions, loginKey: string | null): string {
  const middle = Math.floor(nonce.length / 2);
  const nonceWord = quoteForSh(nonce.slice(0, middle)) + quoteForSh(nonce.slice(middle));
  const keyWords = loginKey === null ? "" : ` --login-key ${quoteForSh(loginKey)}`;
  return `${"\n".repeat(8)}set -- "$@" --nonce ${nonceWord}${keyWords} --login-account ${quoteForSh(user)}\n${collectorScript}`;
}

const quoteForSh = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function toReading(options: CollectOptions, { identity, hostKey }: Connection, run: ScriptRun): HostReading {
  const address = sayAddress(options.target);
  const fail = (outcome: SshFailure["outcome"], message: string): HostReading => ({
    ...{ state: "failed", outcome, message, hostKey, isKeyRefused: false, passing: null },
  });
  const read = {
    stream: run.stdout,
    loginKey: identity?.fingerprint ?? null,
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
