import type { Outcome } from "#shared/model/probe.ts";
import { type LoginOptions, logIn } from "./log-in.ts";
import { commandFor, limitsAfter, marksOf, scriptFor, toReading } from "./reading.ts";
import { runScript, type ScriptLimits, startOn } from "./run-script.ts";
import type { PresentedKey, SshFailure } from "./ssh-failure.ts";

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

/** Visits a host once: one connection, one command. Rejects only when told to stop. */
export async function collectHost(options: CollectOptions): Promise<HostReading> {
  const connection = await logIn(options);
  if (!("client" in connection)) return { state: "failed", ...connection };
  const loginKey = connection.identity?.fingerprint ?? null;
  try {
    const start = startOn(connection.client, commandFor(options), scriptFor(options, loginKey));
    const run = await runScript(
      { start, ...marksOf(options) },
      limitsAfter(options, connection.spentMs),
      options.signal,
    );
    return toReading(options, { loginKey, hostKey: connection.hostKey }, run);
  } finally {
    await connection.close();
  }
}
