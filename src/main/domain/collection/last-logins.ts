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

/** "deploy   pts/0   10.1.2.3   Fri Nov 20 12:30:00 +0000 2026", as lastlog and lastlog2 print it in the C locale. */
function readTableLine([line = ""]: string[]): Omit<LastLogin, "source"> | null {
  const [, account = "", month = "", day, time, sign, hours, minutes, year] =
    /^(\S+)\s.*\s[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d) (\d{4})\s*$/.exec(
      line,
    ) ?? [];
  const index = MONTHS.indexOf(month);
  if (account === "" || index < 0 || index % 3 !== 0) return null;
  const [hour, minute, second] = (time ?? "").split(":").map(Number);
  const seconds = Date.UTC(Number(year), index / 3, Number(day), hour, minute, second) / 1000;
  const offset = Number(hours) * 3_600 + Number(minutes) * 60;
  return { account, at: sign === "-" ? seconds + offset : seconds - offset };
}
