import type { Outcome } from "#shared/model/probe.ts";
import type { LoginOptions } from "./login-options.ts";
import type { ScriptLimits } from "./run-script.ts";
import type { PresentedKey, SshFailure } from "./ssh-failure.ts";

export type CollectOptions = LoginOptions & {
  /**
   * POSIX sh; it takes --nonce, --login-key, --login-account and, when it runs by sudo, --sudo, and prints the
   * nonce before anything that counts. Encoded once for all hosts: a hundred kilobytes each would be all that is to be
   * collected as garbage.
   */
  collectorScript: Uint8Array;
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
