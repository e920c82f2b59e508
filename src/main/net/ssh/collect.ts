/** Runs the collector on a host over an open login, and turns what it printed into a reading. */
import type { Outcome, Transport } from "#shared/model/hosts/probe.ts";
import {
  type HostConnection,
  runScript,
  type Script,
  type ScriptLimits,
  type ScriptRun,
} from "./host-connection.ts";
import type { LoginOptions } from "./log-in.ts";
import { formatAddress, type PresentedKey, quote, type SshFailure, type Where } from "./ssh-failure.ts";

export type CollectOptions = {
  /** The address as the user named it. */
  target: Where;
  user: string;
  /**
   * POSIX sh. It takes --nonce, --login-key, --login-account and, when it runs by sudo, --sudo. It prints the nonce
   * before anything that counts. Encoded once for all hosts: a copy of a hundred kilobytes for each host would be most
   * of the garbage of a scan.
   */
  collectorScript: Uint8Array;
  /** A word that nothing on the host can know beforehand. */
  nonce: string;
  /** The script may take what the login has left of `probeMs`. */
  limits: CollectLimits;
  signal: AbortSignal;
};

export type CollectLimits = LoginOptions["limits"] & Omit<ScriptLimits, "endMs"> & { probeMs: number };

type Read = {
  message: string;
  /** Which SSH client read the host. */
  transport: Transport;
  /** All that the host printed, noise before the nonce included. */
  stream: Uint8Array;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  hostKey: PresentedKey;
  /** The address that the connection went to; null where it is not known for certain. */
  peerAddress: string | null;
  /** How the script ended, unless by exit status 0. Its trailer shows whether the stream is whole, not this. */
  ending: string | null;
};

/** The result of one probe of a host: all that it printed, a part of it, or why there is nothing. */
export type HostReading =
  | (Read & { state: "ok"; outcome: "collected" })
  | (Read & { state: "partial"; outcome: Extract<Outcome, "flooded" | "truncated" | "timed-out"> })
  | (SshFailure & { state: "failed"; transport: Transport });

/** Limits of one host's probe. */
export const SSH_LIMITS: CollectLimits = {
  connectMs: 3_000,
  readyMs: 10_000,
  beginMs: 10_000,
  probeMs: 30_000,
  streamBytes: 16 * 1024 * 1024,
  stderrBytes: 64 * 1024,
};

/** Has the host's shell run the collector, and hangs up. Rejects only when `signal` aborts. */
export async function collectHost(connection: HostConnection, options: CollectOptions): Promise<HostReading> {
  const { run, loginKey, spentMs } = connection;
  try {
    const script = scriptFor(options, loginKey);
    const limits = limitsAfter(options, spentMs);
    const ran = await runScript({ run, script, ...marksOf(options) }, limits, options.signal);
    return toReading(options, connection, ran);
  } finally {
    await connection.close();
  }
}

/** The first and the last word of the collector, by which its output is recognised. */
const marksOf = ({ nonce }: CollectOptions) => ({
  firstWord: nonce,
  lastLine: new RegExp(`^end \\d+ ${nonce} .+\\n$`, "m"),
});

/** The time of the probe that the login has left to the script. */
function limitsAfter({ limits }: CollectOptions, spentMs: number): ScriptLimits {
  const endMs = Math.max(0, limits.probeMs - spentMs);
  return { ...limits, beginMs: Math.min(limits.beginMs, endMs), endMs };
}

/**
 * The nonce is written in two parts, so that a command that echoes its input does not pass for a collector. The empty
 * lines are for an rc file that reads an answer from standard input: it takes one of them.
 */
function scriptFor({ collectorScript, nonce, user }: CollectOptions, loginKey: string | null): Script {
  const middle = Math.floor(nonce.length / 2);
  const nonceWord = quoteForSh(nonce.slice(0, middle)) + quoteForSh(nonce.slice(middle));
  const keyWords = loginKey === null ? "" : ` --login-key ${quoteForSh(loginKey)}`;
  const settings = `set -- "$@" --nonce ${nonceWord}${keyWords} --login-account ${quoteForSh(user)}\n`;
  return [`${"\n".repeat(8)}${settings}`, collectorScript];
}

const quoteForSh = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Turns what the script printed, and how it ended, into a reading, whichever client ran it. */
function toReading(
  options: CollectOptions,
  { loginKey, hostKey, transport, peerAddress }: HostConnection,
  run: ScriptRun,
): HostReading {
  const address = formatAddress(options.target);
  const fail = (outcome: SshFailure["outcome"], message: string): HostReading => ({
    state: "failed",
    outcome,
    message,
    transport,
    hostKey,
    isKeyRefused: false,
    transient: null,
  });
  const read = {
    transport,
    stream: run.stdout,
    loginKey,
    hostKey,
    peerAddress,
    ending: formatEnding(run),
  };
  const hasBegun = run.stdout.includes(options.nonce);
  const size = `${options.limits.streamBytes / 1024 / 1024} MiB`;
  const seconds = (ms: number) => `${ms / 1_000} s`;
  switch (run.end) {
    case "ended":
      if (hasBegun) return { state: "ok", outcome: "collected", message: "", ...read };
      return fail(
        "restricted-shell",
        `${options.user} at ${address} cannot run a script: ${formatOutput(run)}`,
      );
    case "refused":
      return fail("restricted-shell", `${options.user} at ${address} may not run commands`);
    case "flooded": {
      const message = `${address} sent more than ${size}; the rest was left out`;
      return hasBegun ? { state: "partial", outcome: "flooded", message, ...read } : fail("flooded", message);
    }
    case "timed-out": {
      const { beginMs, probeMs } = options.limits;
      if (!hasBegun)
        return fail(
          "timed-out",
          `${address} did not come to what it was asked to run within ${seconds(beginMs)}: its login shell, or a file that it runs, does not end`,
        );
      const message = `${address} was not read within ${seconds(probeMs)}; the rest was left out`;
      return { state: "partial", outcome: "timed-out", message, ...read };
    }
    case "lost": {
      const message = `${address} hung up while it was read`;
      return hasBegun ? { state: "partial", outcome: "truncated", message, ...read } : fail("reset", message);
    }
  }
}

function formatOutput({ stdout, stderr, exit }: ScriptRun): string {
  const said = stdout.toString("utf8").trim() || stderr.trim();
  if (said) return `it answered ${quote(said)}`;
  if (exit && "code" in exit) return `it ended with status ${exit.code} and said nothing`;
  return "it said nothing (a shell such as nologin, or a forced command)";
}

function formatEnding({ end, exit }: ScriptRun): string | null {
  if (end !== "ended") return null;
  if (!exit) return "the host did not report how the script ended";
  if ("signal" in exit) return `the script was ended by ${exit.signal}`;
  return exit.code === 0 ? null : `the script ended with status ${exit.code}`;
}
