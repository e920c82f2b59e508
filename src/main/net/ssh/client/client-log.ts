import { explainGreeting, formatAddress, quote, type Reason, type Where } from "#net/ssh/ssh-failure.ts";

/**
 * What OpenSSH's client logs with LogLevel VERBOSE and LC_ALL=C, in a file of its own. A host's text reaches it only
 * through ssh's own escaping, and no host can make it grow without limit.
 */

/**
 * For LogVerbose: the few messages that we need from more verbose levels. They say which keys were offered and
 * accepted, and what the host sent before its greeting, of which ssh reads a thousand lines at most.
 */
export const LOG_VERBOSE =
  "sshconnect2.c:userauth_pubkey():*,sshconnect2.c:input_userauth_pk_ok():*,kex.c:kex_exchange_identification():*";

export type ClientLog = {
  /** Without line ends. */
  lines: readonly string[];
  isLoggedIn: boolean;
  /** The key that let us in, if it was a key and ssh named it. */
  acceptedKey: { fingerprint: string; isCertificate: boolean } | null;
  /** The fingerprints of the keys that the host was queried for, and of those that it would take. */
  offered: ReadonlySet<string>;
  accepted: ReadonlySet<string>;
  /** What the host sent before its greeting, or instead of one. */
  early: string;
  /** ssh refused the host's key. */
  isHostKeyRefused: boolean;
};

export function readClientLog(text: string): ClientLog {
  const all = text.split(/\r?\n/).filter(Boolean);
  const lines = all.filter((line) => !line.startsWith("debug"));
  const login = lines.findIndex((line) => /^Authenticated to .* using "[^"]*"\.$/.test(line));
  const byKey = login >= 0 && lines[login]?.includes('using "publickey"');
  const accepted = all
    .map((line) => / Server accepts key: .* (\S+) (SHA256:[A-Za-z0-9+/]+)(?: |$)/.exec(line))
    .findLast((match) => match !== null);
  const listKeys = (pattern: RegExp) => new Set(all.flatMap((line) => pattern.exec(line)?.[1] ?? []));
  return {
    lines,
    offered: listKeys(/ Offering public key: .* (SHA256:[A-Za-z0-9+/]+)(?: |$)/),
    accepted: listKeys(/ Server accepts key: .* (SHA256:[A-Za-z0-9+/]+)(?: |$)/),
    isLoggedIn: login >= 0,
    acceptedKey:
      byKey && accepted
        ? { fingerprint: accepted[2] ?? "", isCertificate: /-CERT$/.test(accepted[1] ?? "") }
        : null,
    early: all.flatMap((line) => / banner line \d+: (.*)$/.exec(line)?.[1] ?? []).join("\n"),
    isHostKeyRefused: lines.some((line) => line === "Host key verification failed."),
  };
}

/** Why OpenSSH's client did not log in, from its log: the same outcomes and words as for ssh2. */

export type ClientFailure = {
  target: Where;
  user: string;
  log: ClientLog;
  /** Standard error of others: the host's banner, or the ProxyCommand's messages. */
  complaints: string;
  proxyCommand: { value: string; location: string } | null;
  /** A phrase: how many keys were offered, and from where. */
  tried: string;
  /** One of the keys is on a security key. */
  hasSecurityKey: boolean;
};

type Rule = readonly [pattern: RegExp, explain: (failure: ClientFailure, match: RegExpExecArray) => Reason];

const fail = (outcome: Reason["outcome"], message: string): Reason => ({ outcome, message });

/** The first rule that matches a line counts: specific ones stand before those that only say that it ended. */
const RULES: readonly Rule[] = [
  [
    /(?:Bad configuration option|Bad .* key types|unsupported option|no argument after keyword|keyword .* extra arguments)/i,
    ({ log }) =>
      fail("not-supported", `the ssh of this computer cannot do what is asked of it: ${quoteLog(log)}`),
  ],
  [
    /^Unable to negotiate with .*: no matching (.+?) found\. Their offer: (.*)$/,
    ({ target }, [, what, offer]) =>
      fail(
        "alert",
        `${formatAddress(target)} and the ssh of this computer have no ${what} in common: it offers ${quote(offer ?? "")}`,
      ),
  ],
  [
    /signing failed for .*-SK /,
    ({ target, user }) =>
      fail(
        "login-refused",
        `${user} at ${formatAddress(target)} is let in by a security key that did not sign: it is not plugged in, or wants its PIN, which a scan does not ask for`,
      ),
  ],
  [
    /Too many authentication failures/,
    ({ target, user, tried }) =>
      fail(
        "login-refused",
        `${formatAddress(target)} ended the login of ${user}: too many keys were refused; ${tried}`,
      ),
  ],
  [
    /Permission denied \(([^)]*)\)\.$/,
    ({ target, user, tried }, [, methods]) =>
      fail(
        "login-refused",
        `every key was refused for ${user} at ${formatAddress(target)}, which takes ${methods}; ${tried}`,
      ),
  ],
  [
    /^(?:ssh: )?Could not resolve hostname (.*?): (.*)$/i,
    ({ target }, [, , why]) => fail("no-such-name", `${target.host}: ${quote(why ?? "")}`),
  ],
  [
    /connect to (?:host|address) .* port \d+: (?:Connection refused)/,
    ({ target }) => ({
      ...fail("refused", `${target.host}: nobody listens on port ${target.port}`),
      transient: "refused",
    }),
  ],
  [
    /(?:connect to (?:host|address) .*: (?:Connection timed out|Operation timed out|No route to host|Network is unreachable)|Connection timed out during banner exchange|^Connection to .* timed out|^Timeout, server .* not responding)/,
    ({ target }) => fail("timed-out", `${formatAddress(target)} did not answer in time`),
  ],
  [
    /connect to (?:host|address) .* port \d+: (.*)$/,
    ({ target }, [, why]) => fail("refused", `${target.host}: ${quote(why ?? "")}`),
  ],
  [
    /(?:banner line (?:too long|contains invalid characters)|invalid characters|Protocol major versions differ|Bad remote protocol version|No SSH version received)/i,
    ({ target, log }) => fail("reset", `${formatAddress(target)} did not speak SSH: ${quoteLog(log)}`),
  ],
  [
    /^(?:kex_exchange_identification|ssh_exchange_identification): |^banner exchange: .*: Broken pipe$/,
    ({ target, log }) => explainGreeting(target, log.early),
  ],
  [
    /(?:Bad packet length|Corrupted (?:MAC|check bytes)|message authentication code incorrect|padding error|ssh_dispatch_run_fatal|invalid format|incorrect signature|error in libcrypto)/i,
    ({ target, log }) => fail("reset", `${formatAddress(target)} broke the SSH protocol: ${quoteLog(log)}`),
  ],
  [
    /(?:Connection (?:closed|reset)|Received disconnect|Disconnected from|Broken pipe)/,
    ({ target, tried }) => fail("reset", `${formatAddress(target)} hung up during the login; ${tried}`),
  ],
];

/** With a ProxyCommand, these lines are about the command, not the host, until the host has sent its greeting. */
const BEFORE_GREETING =
  /^(?:kex_exchange_identification|ssh_exchange_identification|banner exchange): |^Connection closed by UNKNOWN/;

export function explainClient(failure: ClientFailure): Reason {
  const { target, log, proxyCommand } = failure;
  const hasHandshaken = !log.lines.some((line) => BEFORE_GREETING.test(line));
  if (proxyCommand && !hasHandshaken) return explainProxy(failure, proxyCommand);
  for (const [pattern, explain] of RULES) {
    const met = log.lines.map((line) => pattern.exec(line)).find((match) => match !== null);
    if (met) return explain(failure, met);
  }
  return fail(
    "reset",
    `${formatAddress(target)} was not logged in to by the ssh of this computer: ${quoteLog(log)}`,
  );
}

/** What had not finished when a deadline passed before the login. */
export function explainClientTimeout(
  { target, log, proxyCommand, hasSecurityKey, complaints }: ClientFailure,
  hasHostKey: boolean,
  afterMs: number,
): Reason {
  const within = `within ${afterMs / 1_000} s`;
  if (hasHostKey && hasSecurityKey)
    return fail("login-refused", `${formatAddress(target)} did not end the login ${within}${TOUCH}`);
  if (hasHostKey) return fail("timed-out", `${formatAddress(target)} did not end the login ${within}`);
  if (log.early) return explainGreeting(target, log.early);
  const through = proxyCommand
    ? `; the ProxyCommand at ${proxyCommand.location} leads there${complaints.trim() && `, and said ${quote(complaints)}`}`
    : "";
  return fail("timed-out", `${formatAddress(target)} did not answer ${within}${through}`);
}

const TOUCH =
  ": a security key may wait to be touched, which a scan does not ask for; use another key, or one made with -O no-touch-required";

function explainProxy({ target, complaints }: ClientFailure, { location }: { location: string }): Reason {
  const said = complaints.trim();
  return fail(
    "jump-failed",
    `the ProxyCommand at ${location} ended before ${formatAddress(target)} sent its SSH banner: it said ${said ? quote(said) : "nothing"}`,
  );
}

const quoteLog = ({ lines }: ClientLog): string => quote(lines.join("; ") || "nothing");

/** How a client ended that had logged in. */
export function readClientEnd({ lines }: ClientLog, how: { code: number } | { signal: string }) {
  if ("signal" in how) return "lost";
  if (how.code !== FAILED) return "ended";
  if (lines.some((line) => /^(?:exec|shell) request failed on channel/.test(line))) return "refused";
  return lines.some((line) => LOST.test(line)) ? "lost" : "ended";
}

/** ssh's exit status for every failure of its own. */
const FAILED = 255;
const LOST =
  /^(?:Connection to .* closed by remote host|Connection closed by|client_loop: |Timeout, server |Read from remote host|Connection reset|Received disconnect|Disconnected from|Bad packet length|Corrupted|ssh_dispatch_run_fatal|.*Broken pipe)/;
