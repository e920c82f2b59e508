import type { Collection, Unreadable } from "./collection.ts";
import type { Record } from "./stream.ts";

const KINDS: readonly Unreadable["kind"][] = [
  "accounts",
  "password-state",
  "sshd-config",
  "sshd-effective",
  "authorized-keys",
  "home",
  "key-file",
  "host-key",
  "certificate-file",
  "keystore",
  "server-config",
  "log",
  "sudo",
  "outbound",
  "workload",
  "setuid",
  "keytab",
  "trust-store",
  "limit",
];

/** The sentence behind each code that the collector writes; `detail` is a count, a name or what a tool said. */
const SENTENCES: { [code: string]: (detail: string) => string } = {
  "accounts-left": (detail) =>
    `the collector ran out of time here: keys of ${detail} accounts were not looked for; root, and who has a login shell, come first`,
  "account-cannot-read": () => "the account itself may not read it, so sshd would not either",
  "by-variable": () => "its name holds a variable that only the running server knows",
  "rights-missing": () => "whether it exists is not known without more rights",
  "command-failed": (detail) => `sshd did not answer: ${detail}`,
  "claimed-option": (detail) =>
    `a process that calls itself sshd says that it was started with ${detail}, which would override the file; whether it is sshd could not be verified`,
  "directory-service": () => "accounts that this directory alone has may not be listed",
  "more-keys": () => "it holds further private keys, of which only the first is listed",
  "no-answer": () => "it lies on a mount that does not answer, so it was not read",
  "no-such-file": () => "no such file",
  "no-opener": (detail) => `the host has no ${detail || "program"} to read it with`,
  "no-tool": () => "the host has no such program",
  "not-listed": () => "the folder may not be listed",
  "not-permitted": () => "it may not be read without more rights",
  "over-limit": () => "it was left out: the stream is limited to 16 MiB",
  "not-regular": () => "it is not a regular file",
  "logs-full": () => "the logs before it hold so many logins that it was left out",
  "in-use": () => "a program of the host is writing it",
  "is-folder": () => "it is a folder",
  "needs-root": () => "only root may read it",
  "cannot-evaluate": () =>
    "others may write there, and this system cannot show which file was opened, so it was left out",
  "not-ended": () => "reading it did not end in time, so it was left out",
  "not-whole": () => "the program that reads it did not come to its end: some of it may be missing",
  "odd-name": () => "sshd cannot be asked about an account with a comma in its name",
  "other-server": (detail) => `${detail} accepts SSH logins here, too, by rules that are not known here`,
  "owner-cannot-read": () => "whoever may write where it lies may not read it, so root does not either",
  "pseudo-file": () => "it leads into /proc, /sys or /dev",
  "secret-dropped": () => "what came of it has the shape of a secret: it was dropped, and kept nowhere",
  "leads-to-secret": () => "it holds or leads to a secret, so it was not taken",
  "several-daemons": () => "more than four sshd run here with different options, of which four were asked",
  "strange-config": (detail) =>
    `the running sshd was started with -f ${detail}, which others than root may write or replace: it was not read`,
  "unusual-path": () =>
    "a running server was started with it, and others than root may write or replace it: it was not read",
  "stream-full": () => "this and what follows was left out: the stream is limited to 16 MiB",
  "too-deep": () => "files include each other more than 16 deep",
  "too-large": () => "it is too large for what it should be",
  "too-late": () => "the collector ran out of time here: the rest was left out",
  "too-many-outbound": () => "there is too much of it: the rest was left out",
  "too-many-files": () => "there are too many files: they were left out",
  "too-many-workloads": () => "there are more of them than are listed: the rest was left out",
  "too-many-shells": () => "there are too many login shells: of the rest it is not known who may use them",
  "too-many": () => "there are too many folders: the rest was left out",
  "trust-store": (detail) => `${detail} files and links of the distribution's trust store were left out`,
  "unknown-token": () => "it holds a token that sshd does not know",
};

export function formatWhy(record: Record): string {
  const why = record.value("why") ?? "";
  const detail = record.value("detail")?.trim() ?? "";
  return SENTENCES[why]?.(detail) ?? "it could not be read";
}

export function readUnreadable(record: Record): Unreadable | null {
  const kind = KINDS.find((known) => known === record.value("kind"));
  const path = record.value("path");
  if (!kind || path === null) return null;
  const why = formatWhy(record);
  switch (record.value("why")) {
    case "no-such-file":
      return { kind, path, why, isAbsent: true };
    case "claimed-option":
      return { kind, path, why, claimedOption: record.value("detail")?.trim() ?? "" };
    default:
      return { kind, path, why };
  }
}

/** Where these cannot be read, no grant, key file or certificate is missing. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "trust-store",
  "log",
  "sudo",
  "outbound",
  "workload",
  "setuid",
  "keytab",
]);

/**
 * Paths where there may be something that was not seen: homes, folders and files that could not be read. A path that
 * does not exist is none of them.
 */
export function listUnreadablePaths({ unreadable, authorizedKeys }: Collection): string[] {
  const hidden = unreadable.filter(({ kind, isAbsent }) => !ELSEWHERE.has(kind) && !isAbsent);
  const files = authorizedKeys.filter(({ whyUnreadable }) => whyUnreadable !== null);
  return [...hidden, ...files].map(({ path }) => path).filter((path) => path.startsWith("/"));
}

/** Where these cannot be read, there may be an unseen private key: accounts that are not listed have homes, too. */
const OF_KEYS: ReadonlySet<string> = new Set(["accounts", "home", "key-file", "host-key"]);

export const listUnreadableKeyPaths = ({ unreadable }: Collection): string[] =>
  unreadable.filter(({ kind, isAbsent }) => OF_KEYS.has(kind) && !isAbsent).map(({ path }) => path);
