/** A proof by log: that somebody, wherever the private half is, has logged in with the new key. */
import { readSshdEntry } from "#domain/use/journal-entry.ts";
import { dateDays } from "#domain/use/log-dates.ts";
import { readLoginMessage } from "#domain/use/login-message.ts";
import { DAY_SECONDS, readOffset, toSeconds } from "#domain/use/times.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { readLoginLines } from "#net/ssh/hand/read-log.ts";

export type Heard =
  /** The journal tells of it, by an entry of the host's own sshd. */
  | { kind: "heard" }
  /** A line of a plain file tells of it, which any user of the host may have written: no proof. */
  | { kind: "claimed"; path: string }
  | { kind: "not-yet" }
  /** No log can be read, or nobody knows. */
  | { kind: "unknown"; why: string };

type Wish = {
  account: string;
  fingerprint: string;
  /** How far back logs are read; a second since the epoch, as all here, by the host's own clock. */
  since: number;
  /** Only what is later counts; null: any login does, for nobody had the key before. */
  after: number | null;
  /** The key was made by the run, so that a stamp without a year is of the last year that it can be. */
  isNew: boolean;
  /** The key is an authority's: its certificates log in, whoever's keys they are for. */
  isAuthority: boolean;
  /** How the host writes a time without its offset. */
  zone: string | null;
};

export async function hearLogin(hand: Hand, wish: Wish): Promise<Heard> {
  const { fingerprint, since } = wish;
  const read = await readLoginLines(hand, { sinceEpoch: since, fingerprints: [fingerprint] });
  if (read.kind === "lost") return { kind: "unknown", why: read.message };
  if (read.kind !== "read") return { kind: "unknown", why: "no log of logins can be read there" };
  if (linesOf(read.journal).some((line) => isInJournal(line, wish))) return { kind: "heard" };
  const claimed = linesOf(read.lines)
    .map((line) => ({ path: line.slice(0, line.indexOf("\t")), text: line.slice(line.indexOf("\t") + 1) }))
    .findLast(({ text }) => isLogin(text, wish) && isLater(text, wish));
  return claimed ? { kind: "claimed", path: claimed.path } : { kind: "not-yet" };
}

const linesOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString("utf8").split("\n");

/** Its time is journald's own. */
function isInJournal(line: string, wish: Wish): boolean {
  const entry = readSshdEntry(line);
  return entry !== null && isOf(entry.message, wish) && (wish.after === null || entry.at > wish.after);
}

/** `2026-03-06T10:00:00+01:00 HOST sshd[7]: `, `Mar  6 10:00:00 HOST sshd-session[7]: `; what follows is sshd's own. */
const MESSAGE =
  /^(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ (?:[a-z0-9]+\.[a-z]+ )?sshd(?:-session|-auth)?(?:\[\d+\])?: (Accepted .*)$/;

/** Anybody may choose what stands further on in a line, for an unknown user's name is in it. */
const isLogin = (line: string, wish: Wish): boolean => isOf(MESSAGE.exec(line)?.[1] ?? "", wish);

function isOf(message: string, { account, fingerprint, isAuthority }: Wish): boolean {
  const login = readLoginMessage(message);
  if (login?.account !== account || login.isPartial) return false;
  return isAuthority
    ? login.authority === fingerprint
    : login.authority === null && login.fingerprint === fingerprint;
}

/** A stamp that tells no moment for certain is no proof. */
function isLater(line: string, { after, isNew, zone, since }: Wish): boolean {
  if (after === null) return true;
  const [, day = "", time = ""] =
    /^(\d{4}-\d\d-\d\d)T(\S+)/.exec(line) ?? /^([A-Z][a-z]{2} [ \d]\d) (\d\d:\d\d:\d\d) /.exec(line) ?? [];
  const hasYear = day.includes("-");
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(time);
  if ((!hasYear && !isNew) || (!hasZone && zone === null)) return false;
  // No login of a run is a year older than what is asked about.
  const newest = hasYear ? null : Math.floor(since / DAY_SECONDS) + DAYS_OF_A_RUN;
  const [date] = dateDays([day], newest);
  const at = date === null || date === undefined ? null : toSeconds(date, time, readOffset(zone));
  return at !== null && at > after;
}

const DAYS_OF_A_RUN = 360;
