/**
 * What OpenSSH's client says of itself, with LogLevel VERBOSE and LC_ALL=C, in a file of its own: nothing that a host
 * sends reaches it but through ssh's own encoder, and no host can make it grow.
 */

/**
 * For LogVerbose: what is wanted of the more talkative levels. Which keys were offered and taken, and what the host said
 * before its greeting, of which ssh reads a thousand lines at most.
 */
export const WANTED_OF_DEBUG =
  "sshconnect2.c:userauth_pubkey():*,sshconnect2.c:input_userauth_pk_ok():*,kex.c:kex_exchange_identification():*";

export type ClientLog = {
  /** Each without its end. */
  lines: readonly string[];
  isLoggedIn: boolean;
  /** The key that let us in, if it was one, and ssh said which. */
  acceptedKey: { fingerprint: string; isCertificate: boolean } | null;
  /** The fingerprints of the keys that the host was asked about, and of those that it would take. */
  offered: ReadonlySet<string>;
  taken: ReadonlySet<string>;
  /** What the host said before its greeting, or instead of one. */
  early: string;
  /** It is the host's key that ssh would not take. */
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
    taken: listKeys(/ Server accepts key: .* (SHA256:[A-Za-z0-9+/]+)(?: |$)/),
    isLoggedIn: login >= 0,
    acceptedKey:
      byKey && accepted
        ? { fingerprint: accepted[2] ?? "", isCertificate: /-CERT$/.test(accepted[1] ?? "") }
        : null,
    early: all.flatMap((line) => / banner line \d+: (.*)$/.exec(line)?.[1] ?? []).join("\n"),
    isHostKeyRefused: lines.some((line) => line === "Host key verification failed."),
  };
}
