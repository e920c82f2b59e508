/** What a hand is opened with, and what is said where it cannot be: the same, whoever carries it there. */
import type { LoginOptions } from "#net/ssh/login-options.ts";
import { type PresentedKey, quote, type SshFailure, sayAddress } from "#net/ssh/ssh-failure.ts";
import type { ClientKey } from "#net/ssh/system/client-login.ts";
import type { Hand } from "./hand.ts";
import type { Begun, NotBegun } from "./session.ts";

export type HandOptions = LoginOptions & {
  /** resources/rotation/hand, and after it any other library of verbs. */
  script: string;
  /** Act as root, where `sudo -n` lets us without a password; otherwise as the account itself. */
  useSudo: boolean;
  limits: LoginOptions["limits"] & {
    /** From the request until the shell has said its first word. */
    beginMs: number;
  };
};

export type HandTransport = { by: "ssh2" } | { by: "system"; ssh: string; keys: readonly ClientKey[] };

/** The same words as the collector's, so that whoever lets that run lets this. */
const PLAIN = "sh -s";
const AS_ROOT = "sudo -n sh -s -- --sudo";
const BY_SUDO = `sh -c 'if ${AS_ROOT} </dev/null >/dev/null 2>&1; then exec ${AS_ROOT}; else exec ${PLAIN}; fi'`;

export const commandFor = ({ useSudo }: { useSudo: boolean }): string => (useSudo ? BY_SUDO : PLAIN);

type HandLogin = Pick<
  Hand,
  "loginKey" | "loginCertificate" | "clientKeys" | "isTyped" | "hostKey" | "transport" | "way"
>;

export function toHand(
  { user }: HandOptions,
  { uid, ask, ended }: Begun,
  { close, ...login }: HandLogin & { close(): Promise<void> },
): Hand {
  return { user, uid, ...login, ask, ended, [Symbol.asyncDispose]: close };
}

export function failToBegin(
  { user, target }: HandOptions,
  hostKey: PresentedKey,
  { kind, message, noise }: NotBegun,
): SshFailure {
  const address = sayAddress(target);
  const fail = (outcome: SshFailure["outcome"], why: string): SshFailure => ({
    outcome,
    message: why,
    hostKey,
    isKeyRefused: false,
    passing: null,
  });
  if (kind === "silent") return fail("timed-out", `${address}: ${message}`);
  const said = noise.trim() ? `it answered ${quote(noise.trim())}` : "it said nothing";
  return fail("restricted-shell", `${user} at ${address} cannot run a script: ${said} (${message})`);
}
