import type { EntryMethod, LoginDay } from "#shared/model/access/login.ts";
import { evidenceOf } from "#shared/model/hosts/host-use.ts";
import { instantOf } from "./log-dates.ts";
import type { KeyLogin, OtherLogin } from "./login-messages.ts";

/** One message on one day of one log; `host` is the host name in its lines. */
export type SeenLogin<Login> = {
  login: Login;
  host: string;
  family: string;
  day: number;
  count: number;
  first: number;
  last: number;
  hours: number;
  /** The first line or the last, as it stands in the log. */
  line: (which: "first" | "last") => string;
};

/** A day of logins, with the first line of it and the last, if these are not one. */
export type LoggedDay = LoginDay & { lines: string[] };

/** So many days of one account are kept of a reading, and so many of all. */
const MOST_OF_ACCOUNT = 4_000;
const MOST = 20_000;

/**
 * The days with logins, each with its account, key or method, and address. Two logs of one day may have the same
 * logins: the one with more counts. What is too much is left out where the evidence is weakest, then the oldest; of one
 * account first, so that none pushes out another.
 */
export function listLoginDays(
  keys: readonly SeenLogin<KeyLogin>[],
  others: readonly SeenLogin<OtherLogin>[],
): { days: LoggedDay[]; isCut: boolean } {
  const named = [
    ...keys.flatMap((seen) => (seen.login.isPartial ? [] : [{ ...nameKey(seen.login), seen }])),
    ...others.map((seen) => ({ ...nameOther(seen.login), seen })),
  ];
  const groups = Map.groupBy(named, ({ account, method, by, from, seen }) =>
    JSON.stringify([account, method, by, from, seen.day]),
  );
  const all = [...groups.values()].flatMap(toDay);
  const kept = [...Map.groupBy(all, ({ account }) => account).values()].flatMap((days) =>
    days.length > MOST_OF_ACCOUNT ? days.toSorted(byStrength).slice(0, MOST_OF_ACCOUNT) : days,
  );
  const days = kept.toSorted(byStrength).slice(0, MOST);
  return { days, isCut: days.length < all.length };
}

type Named = { account: string; method: EntryMethod; by: string; from: string };

const nameKey = ({ account, authority, fingerprint, from }: KeyLogin): Named => ({
  account,
  method: authority === null ? "publickey" : "certificate",
  by: authority ?? fingerprint ?? "",
  from: from ?? "",
});

const nameOther = ({ account, method, by, from }: OtherLogin): Named => ({
  account,
  method,
  by,
  from: from ?? "",
});

const byStrength = (one: LoginDay, other: LoginDay): number =>
  Number(one.inJournal === 0) - Number(other.inJournal === 0) || other.day - one.day;

function toDay(group: readonly (Named & { seen: SeenLogin<unknown> })[]): LoggedDay[] {
  const [begin] = group;
  const seen = group.map((one) => one.seen);
  const first = minimum(seen, ({ first }) => first);
  const last = minimum(seen, ({ last }) => -last);
  if (!begin || !first || !last) return [];
  const [firstAt, lastAt] = [instantOf(first.first), instantOf(last.last)];
  if (firstAt === null || lastAt === null) return [];
  const ofFamily = [...Map.groupBy(seen, ({ family }) => family)].map(([family, some]) => ({
    isJournal: evidenceOf(family) === "journal",
    count: some.reduce((sum, { count }) => sum + count, 0),
    hours: some.reduce((bits, { hours }) => bits | hours, 0),
    some,
  }));
  const journal = ofFamily.find(({ isJournal }) => isJournal);
  const surest = journal?.some ?? seen;
  const lines = [
    minimum(surest, ({ first }) => first)?.line("first") ?? "",
    minimum(surest, ({ last }) => -last)?.line("last") ?? "",
  ];
  const { account, method, by, from } = begin;
  return [
    {
      account,
      method,
      by,
      from,
      day: begin.seen.day,
      count: ofFamily.reduce((most, { count }) => Math.max(most, count), 0),
      inJournal: journal?.count ?? 0,
      hours: ofFamily.reduce((bits, { hours }) => bits | hours, 0),
      hoursInJournal: journal?.hours ?? 0,
      firstAt,
      lastAt,
      lines: [...new Set(lines)],
    },
  ];
}

function minimum<One>(all: readonly One[], of: (one: One) => number): One | null {
  return all.reduce<One | null>((least, one) => (least !== null && of(least) <= of(one) ? least : one), null);
}

/** A line of a log, put together again of what the collector has kept of it. */
export function formatLoggedLine({ date, time, host, tag, text }: LineParts): string {
  const begin = `${date}${date.length > 6 ? "T" : " "}${time} ${host}`;
  if (text.startsWith("su: ")) return `${begin} ${text}`;
  const [, program = "sshd", port = null] = /^(.*?)(?::(\d{1,5}))?$/s.exec(tag) ?? [];
  const written = port === null ? text : text.replace(" port 0 ssh2", ` port ${port} ssh2`);
  return `${begin} ${program || "sshd"}: ${written}`;
}

type LineParts = { date: string; time: string; host: string; tag: string; text: string };
