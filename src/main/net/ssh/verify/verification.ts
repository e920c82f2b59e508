/** What a connection of its own verifies of a key: that it logs in, or that it does not any more. */

import { randomBytes } from "node:crypto";
import { viewKey } from "#codec/fingerprint.ts";
import type { ClientLogin } from "#net/ssh/client/start-ssh.ts";
import { type RunCommand, runScript, type ScriptRun } from "#net/ssh/host-connection.ts";
import type { ClientKey, Identity } from "#net/ssh/identities.ts";
import type { HostKeyAnswer, LoginOptions, LoginRoute } from "#net/ssh/log-in.ts";
import { formatAddress, quote, type SshFailure } from "#net/ssh/ssh-failure.ts";

/** The same route as the control session's, opened anew for every verification. */
export type VerificationRoute = Pick<LoginOptions, "target" | "hostKeyTypes" | "limits" | "signal"> & {
  open: () => Promise<LoginRoute | SshFailure>;
  /** The host key of the control session. A host that presents another one is not the same host. */
  hostKey: Uint8Array;
  /** OpenSSH's own client, by its path, and what it needs to know; null if none is installed. */
  client: { ssh: string; login: ClientLogin } | null;
  /** The client of the control session. A key that ssh2 cannot use goes by OpenSSH's client in any case. */
  transport: "ssh2" | "system";
};

/** The one key that a verification offers. */
export type VerificationKey = Identity | ClientKey;

/**
 * `inconclusive`: the host said neither yes nor no. That is never a refusal: an sshd that is overloaded, or penalises
 * this address, looks the same for a key that it would take. `other-host-key`: nothing was sent; an alarm for the
 * caller.
 */
type Inconclusive = {
  kind: "inconclusive";
  why: "penalty" | "unreachable" | "timed-out" | "lost" | "impossible";
  message: string;
};
type OtherHostKey = { kind: "other-host-key"; message: string };

export type LoginVerification =
  | { kind: "verified"; fingerprint: string }
  | { kind: "refused"; message: string }
  | Inconclusive
  | OtherHostKey;

/** `loggedIn`: the other key has logged in over the same connection that refused this one. */
export type RefusalVerification =
  | { kind: "refused"; loggedIn: boolean }
  | { kind: "still-accepted"; message: string }
  | Inconclusive
  | OtherHostKey;

export const inconclusive = (why: Inconclusive["why"], message: string): Inconclusive => ({
  kind: "inconclusive",
  why,
  message,
});

/** The algorithms of the expected host key and no others: a host may have more than one key. */
export function typesOf({
  hostKey,
  hostKeyTypes,
}: Pick<VerificationRoute, "hostKey" | "hostKeyTypes">): string[] {
  const { keyType } = viewKey(hostKey);
  return hostKeyTypes.filter(
    (name) => name === keyType || (keyType === "ssh-rsa" && name.startsWith("rsa-sha2-")),
  );
}

/** Trusts the host key of the control session and no other. */
export function trustOnly(
  route: Pick<VerificationRoute, "target" | "hostKey">,
): LoginOptions["verifyHostKey"] {
  return ({ blob }): HostKeyAnswer =>
    Buffer.from(route.hostKey).equals(blob)
      ? { kind: "trusted" }
      : { kind: "refused", outcome: "host-key-changed", message: formatOtherHostKey(route, blob) };
}

const formatOtherHostKey = (
  { target, hostKey }: Pick<VerificationRoute, "target" | "hostKey">,
  blob: Uint8Array,
): string =>
  `${formatAddress(target)} presents the host key ${viewKey(blob).fingerprint}, and a moment ago it was ${viewKey(hostKey).fingerprint}: somebody else may be answering`;

/** What a failed login says about its key. */
export function readFailure(failure: SshFailure): Exclude<LoginVerification, { kind: "verified" }> {
  const { outcome, message } = failure;
  if (failure.isKeyRefused) return { kind: "other-host-key", message };
  switch (outcome) {
    case "login-refused":
    case "restricted-shell":
      return { kind: "refused", message };
    case "throttled":
      return inconclusive("penalty", message);
    case "timed-out":
      return inconclusive("timed-out", message);
    case "no-such-name":
    case "refused":
    case "jump-failed":
      return inconclusive("unreachable", message);
    default:
      return inconclusive("lost", message);
  }
}

/** A word that a host can only print by running what it was sent. */

/** The same for every host and account: the account's login shell parses it, whichever that is. */
export const WORD_COMMAND = "sh -s";

const MOST_SAID = 64 * 1024;

type Word = { word: string; script: string };

/** In two parts, so that a command that echoes its input does not pass; after lines that an rc file may swallow. */
export function makeWord(): Word {
  const [first, second] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  return {
    word: `latchkey-${first}${second}`,
    script: `${"\n".repeat(8)}echo latchkey-${first}''${second}\n`,
  };
}

/** Null: the word has come back. */
export async function waitForWord(
  { word, script }: Word,
  run: RunCommand,
  { limits, target, signal }: VerificationRoute,
): Promise<Exclude<LoginVerification, { kind: "verified" }> | null> {
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
  return { kind: "refused", message: `${address} let the key in, but ran no command: ${formatOutput(ran)}` };
}

function formatOutput({ stdout, stderr }: ScriptRun): string {
  const said = stdout.toString("utf8").trim() || stderr.trim();
  return said ? `it answered ${quote(said)}` : "it said nothing";
}
