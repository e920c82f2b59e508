import { LoginMethod } from "#shared/model/hosts/host-use.ts";

/** A login by key that sshd logged. */
export type KeyLogin = {
  account: string;
  /** The client's address; null where the collector left it out. */
  from: string | null;
  /** The key that signed: `SHA256:...` or `MD5:...`; null from an sshd that logs none. */
  fingerprint: string | null;
  /** The fingerprint of the authority, where the client presented a certificate for the key. */
  authority: string | null;
  /** The key was one factor of several: the message does not show whether the others followed. */
  isPartial: boolean;
};

/*
 * auth.c, auth_log: "%s %s%s%s for %s%.100s from %.200s port %d ssh2%s%s". The account's name may contain anything, and
 * so may the ID of a certificate after it: the first " from ADDRESS port N ssh2" that matches ends the name.
 */
const MESSAGE = /^(Accepted|Partial) publickey for (.*?) from (\S+) port \d{1,5} ssh2(?:: (.*))?$/s;

/** auth2-pubkey.c: "%s %s", or "%s %s ID %s (serial %llu) CA %s %s"; a security key adds its count. */
const CERTIFICATE = /^\S+-CERT (\S+) ID .* \(serial \d{1,20}\) CA \S+ (\S+?)(?:,.*)?$/s;
const KEY = /^\S+ (\S+?)(?:,.*)?$/s;

/** Reads one message; null when it is not of a login by key. */
export function readLoginMessage(text: string): KeyLogin | null {
  const [, word, account = "", address = "", rest = ""] = MESSAGE.exec(text) ?? [];
  if (word === undefined || account === "") return null;
  const [, certified, authority] = CERTIFICATE.exec(rest) ?? [];
  const [, plain] = KEY.exec(rest) ?? [];
  return {
    account,
    from: address === "*" ? null : address,
    fingerprint: readFingerprint(certified ?? plain),
    authority: certified === undefined ? null : readFingerprint(authority),
    isPartial: word === "Partial",
  };
}

/** A login by other means than a key, or by su, that a log has. */
export type OtherLogin = {
  account: string;
  /** The client's address; null where the collector left it out, and for su. */
  from: string | null;
  method: LoginMethod;
  /** By su: the account that became it; empty for all others. */
  by: string;
};

/** Some methods say after it who it was: a principal of Kerberos, the key and the user of the client's host. */
const OTHER =
  /^Accepted (?:(?:(password|keyboard-interactive|none)(?:\/[a-z]+)? for (.*?) from (\S+) port \d{1,5} ssh2)|(?:(gssapi-with-mic|gssapi-keyex|hostbased) for (.*?) from (\S+) port \d{1,5} ssh2(?:: .*)?))$/s;

/** util-linux and shadow: "(to %s) %s on %s", of which the collector leaves out the terminal. */
const BY_SU = /^su: \(to (.+)\) (\S+)$/s;

/** Reads one message of a login without a key; null when it is none. */
export function readOtherLogin(text: string): OtherLogin | null {
  const [, became, by] = BY_SU.exec(text) ?? [];
  if (became !== undefined && by !== undefined) return { account: became, from: null, method: "su", by };
  const [, plain, plainAccount = "", plainFrom = "", named, namedAccount = "", namedFrom = ""] =
    OTHER.exec(text) ?? [];
  const method = LoginMethod.safeParse(plain ?? named).data;
  const [account, address] = plain === undefined ? [namedAccount, namedFrom] : [plainAccount, plainFrom];
  if (method === undefined || account === "") return null;
  return { account, from: address === "*" ? null : address, method, by: "" };
}

/** `SHA256:` and `MD5:` as sshd writes them; before OpenSSH 6.8, sshd wrote MD5 without that prefix. */
function readFingerprint(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return text;
  const [, digits] = /^(?:MD5:)?((?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/.exec(text) ?? [];
  return digits === undefined ? null : `MD5:${digits}`;
}

/**
 * An entry of systemd's journal as evidence. Only journald writes fields that begin with an underscore; it gets the uid
 * from the kernel, and only root's processes have 0. journald looks the program up itself, a moment later: it counts
 * together with the uid, never alone.
 */
type JournalEntry = {
  message: string;
  /** When journald received it, in seconds since the epoch, by the host's clock. */
  at: number;
};

/** An sshd in any folder. */
const PROGRAM = /\/sshd(?:-session|-auth)?$/;

/** `ssh.service`, `sshd@12-[::1]:22-[::1]:4.service`; or the scope of a session that sshd has begun. */
const UNIT = /^(?:sshd?(?:[@.-][^/]*)?\.service|session-[^/]+\.scope)$/;

/** One line of `journalctl -o json`; null for an entry that is not certainly from the host's own sshd. */
export function readSshdEntry(line: string): JournalEntry | null {
  const fields = readFields(line);
  // journalctl prints binary data as an array of numbers, and a repeated field as an array: sshd writes neither.
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  const message = text("MESSAGE");
  const at = /^\d{7,17}$/.exec(text("__REALTIME_TIMESTAMP") ?? "")?.[0];
  if (message === null || at === undefined) return null;
  if (text("_UID") !== "0" || !PROGRAM.test(text("_EXE") ?? "")) return null;
  const unit = text("_SYSTEMD_UNIT");
  const group = text("_SYSTEMD_CGROUP");
  // A process with a cgroup and without a unit runs in a container; a host without systemd has neither.
  const isOwn = unit === null ? group === null || group === "/" : UNIT.test(unit);
  return isOwn ? { message, at: Math.floor(Number(at) / 1_000_000) } : null;
}

function readFields(text: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? { ...read } : {};
  } catch {
    return {};
  }
}
