/**
 * What OpenSSH's client says of itself, with LogLevel VERBOSE and LC_ALL=C, in a file of its own: nothing that a host
 * sends reaches it but through ssh's own encoder, and no host can make it grow.
 */

/** For LogVerbose: the one line that is wanted of the more talkative levels. */
export const LOG_OF_ACCEPTED_KEY = "sshconnect2.c:input_userauth_pk_ok():*";

export type ClientLog = {
  /** Each without its end. */
  lines: readonly string[];
  isLoggedIn: boolean;
  /** The key that let us in, if it was one, and ssh said which. */
  acceptedKey: { fingerprint: string; isCertificate: boolean } | null;
  /** It is the host's key that ssh would not take. */
  isHostKeyRefused: boolean;
};

export function readClientLog(text: string): ClientLog {
  const lines = text.split(/\r?\n/).filter(Boolean);
  const login = lines.findIndex((line) => /^Authenticated to .* using "[^"]*"\.$/.test(line));
  const byKey = login >= 0 && lines[login]?.includes('using "publickey"');
  const accepted = lines
    .slice(0, Math.max(0, login))
    .map((line) => / Server accepts key: .* (\S+) (SHA256:[A-Za-z0-9+/]+)(?: |$)/.exec(line))
    .findLast((match) => match !== null);
  return {
    lines,
    isLoggedIn: login >= 0,
    acceptedKey:
      byKey && accepted
        ? { fingerprint: accepted[2] ?? "", isCertificate: /-CERT$/.test(accepted[1] ?? "") }
        : null,
    isHostKeyRefused: lines.some((line) => line === "Host key verification failed."),
  };
}
