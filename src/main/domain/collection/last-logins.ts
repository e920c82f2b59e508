import { type Record, readTabbed } from "./record.ts";

/** When an account was last logged in to: at a terminal, a screen or over SSH, by a key, a password or anything else. */
export type LastLogin = {
  account: string;
  /** Seconds since the epoch. */
  at: number;
  /** The file that tells of it. */
  source: string;
};

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** The last login of each account, by each file that tells of them. */
export function readLastLogins(records: readonly Record[]): LastLogin[] {
  return records
    .filter(({ kind }) => kind === "last-logins")
    .flatMap((record) => {
      const source = record.say("path") ?? "";
      const lines = readTabbed(record.bytes);
      const read = record.say("form") === "rows" ? readRow : readTableLine;
      return lines.flatMap((line) => read(line) ?? []).map((login) => ({ ...login, source }));
    });
}

/** Seconds, account, address: as the query asks for them. */
function readRow([seconds = "", account = ""]: string[]): Omit<LastLogin, "source"> | null {
  return /^\d{1,11}$/.test(seconds) && account !== "" ? { account, at: Number(seconds) } : null;
}

/**
 * "deploy   pts/0   10.1.2.3   Fri Nov 20 12:30:00 +0000 2026", as lastlog and lastlog2 print it in the C locale, or
 * "deploy   pts/0   10.1.2.3   2026-11-20T12:30:00+0000  - ...", as wtmpdb does.
 */
function readTableLine([line = ""]: string[]): Omit<LastLogin, "source"> | null {
  const [, account = "", month = "", day, time, zone = "", year] =
    /^(\S+)\s.*\s[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})\s*$/.exec(
      line,
    ) ?? [];
  const index = MONTHS.indexOf(month);
  if (account !== "" && index >= 0 && index % 3 === 0)
    return toLogin(account, `${year}-${pad(index / 3 + 1)}-${pad(Number(day))}T${time}`, zone);
  const [, user = "", tty = "", at = "", offset = ""] =
    /^(\S+)\s+(.*?)\s(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d{4})\s+- /.exec(line) ?? [];
  return user === "" || tty.startsWith("system boot") ? null : toLogin(user, at, offset);
}

function toLogin(account: string, at: string, zone: string): Omit<LastLogin, "source"> | null {
  const seconds = Date.parse(`${at}${zone.slice(0, 3)}:${zone.slice(3)}`) / 1000;
  return Number.isFinite(seconds) ? { account, at: seconds } : null;
}

const pad = (number: number): string => String(number).padStart(2, "0");
