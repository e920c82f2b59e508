import type { Collection, SshdSettings } from "#domain/collection/collection.ts";

/** At these levels sshd does not write that somebody has logged in; `sshd -T` prints SILENT for QUIET. */
const HIDING = /^(silent|quiet|fatal|error)$/i;
const HIDING_LINE = /^\s*"?loglevel"?\s*[\s=]\s*"?(quiet|fatal|error)\b/i;

/**
 * Why sshd does not write of logins, as it is set now; null where nothing says so. For some accounts or addresses, or
 * of several sshd for one, is enough: a log is one for all.
 */
export function findHidingLevel({ sshd, otherDaemons, unread }: Collection): string | null {
  for (const daemon of [sshd, ...otherDaemons]) {
    const hidden = findHidden(daemon);
    if (hidden !== null) return hidden;
  }
  const option = unread.find(({ claimedOption = "" }) =>
    /loglevel[= ]+(quiet|fatal|error)/i.test(claimedOption),
  );
  return option ? option.why : null;
}

function findHidden({ effective, files }: SshdSettings): string | null {
  for (const answer of new Set(effective?.values() ?? [])) {
    const level = answer.get("loglevel")?.find((value) => HIDING.test(value));
    if (level !== undefined) return formatHidden(level);
  }
  for (const [path, bytes] of files) {
    const lines = Buffer.from(bytes).toString("latin1").split("\n");
    const firstMatch = lines.findIndex((line) => /^\s*"?match\b/i.test(line));
    // Where sshd itself was asked, its files add only what holds for other connections than the one asked about.
    const open = effective === null ? lines : firstMatch < 0 ? [] : lines.slice(firstMatch);
    const [, level] = open.map((line) => HIDING_LINE.exec(line)).find((found) => found !== null) ?? [];
    if (level !== undefined) return `${formatHidden(level)} (${path})`;
  }
  return null;
}

const formatHidden = (level: string): string =>
  `sshd is set to LogLevel ${level.toUpperCase().replace("SILENT", "QUIET")}, so it does not write of logins`;
