/**
 * An entry of systemd's journal as a proof. Fields that begin with an underscore are written by journald alone; the user is
 * told to it by the kernel, and no process but root's own has 0. The program is looked up by journald itself, a moment later:
 * it counts beside the user, never without.
 */
export type JournalEntry = {
  message: string;
  /** Seconds since the epoch, by the host's clock, when journald took it. */
  at: number;
};

/** Wherever an sshd lies. */
const PROGRAM = /\/sshd(?:-session|-auth)?$/;

/** `ssh.service`, `sshd@12-[::1]:22-[::1]:4.service`; or the session that sshd has begun for whoever has logged in. */
const UNIT = /^(?:sshd?(?:[@.-][^/]*)?\.service|session-[^/]+\.scope)$/;

/** One line of `journalctl -o json`; null for what is not known to be of the host's own sshd. */
export function readSshdEntry(line: string): JournalEntry | null {
  const fields = readFields(line);
  // What is no text comes as an array of numbers, what came twice as one of texts: neither is of an sshd.
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  const message = text("MESSAGE");
  const at = /^\d{7,17}$/.exec(text("__REALTIME_TIMESTAMP") ?? "")?.[0];
  if (message === null || at === undefined) return null;
  if (text("_UID") !== "0" || !PROGRAM.test(text("_EXE") ?? "")) return null;
  const unit = text("_SYSTEMD_UNIT");
  const group = text("_SYSTEMD_CGROUP");
  // What has a cgroup and no unit runs in a container; a host without systemd has neither.
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
