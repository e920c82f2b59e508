import {
  type Baselines,
  type CompleteSince,
  type EntryMethod,
  type LoginDay,
  shareOf,
} from "#shared/model/access/login.ts";
import { evidenceOf } from "#shared/model/hosts/host-use.ts";
import { formatCount } from "#shared/text/count.ts";
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

/** So many days are kept of a reading. */
const MOST = 20_000;

type Seen = { keys: readonly SeenLogin<KeyLogin>[]; others: readonly SeenLogin<OtherLogin>[] };

/** `leftOut`: what of it may be missing, and why. */
export type ReadDays = {
  days: LoggedDay[];
  completeSince: Baselines<CompleteSince>;
  leftOut: string[];
};

/** `cutLogs`: logs that hold more logins than were taken. `today`: of the host's calendar. */
export function readLoginDays(
  seen: Seen,
  { cutLogs, today, most }: { cutLogs: readonly string[]; today: number; most?: number },
): ReadDays {
  const { days, dropped } = listLoginDays(seen, most);
  const from = (isCut: boolean) => (isCut ? today + 1 : null);
  const withoutAddress = new Set(
    days.flatMap(({ account, method, from }) => (method !== "su" && from === "" ? [account] : [])),
  );
  return {
    days,
    completeSince: {
      journal: { host: from(cutLogs.some(isJournal)), accounts: cutOf(dropped.journal) },
      all: { host: from(cutLogs.length > 0), accounts: cutOf([...dropped.journal, ...dropped.files]) },
    },
    leftOut: [
      ...(dropped.journal.length + dropped.files.length > 0
        ? ["logs hold more days of logins than are kept, so some are not listed"]
        : []),
      ...(withoutAddress.size > 0
        ? [
            `${formatCount(withoutAddress.size, "account")} with logins from more addresses than are kept: from where the rest came is not known`,
          ]
        : []),
    ],
  };
}

const isJournal = (source: string): boolean => evidenceOf(source) === "journal";

/** The day after the last one of which something was left out. */
const cutOf = (dropped: readonly LoginDay[]): ReadonlyMap<string, number> =>
  new Map(
    dropped
      .toSorted((one, other) => one.day - other.day)
      .map(({ account, day }): [string, number] => [account, day + 1]),
  );

type ListedDays = { days: LoggedDay[]; dropped: Record<"journal" | "files", LoggedDay[]> };

/**
 * The days with logins, each with its account, key or method, and address. Two logs of one day may have the same
 * logins: the one with more counts. What is too much is left out where the evidence is weakest, then the oldest, and of
 * accounts that have most: none pushes out another.
 */
function listLoginDays({ keys, others }: Seen, most = MOST): ListedDays {
  const named = [
    ...keys.flatMap((seen) => (seen.login.isPartial ? [] : [{ ...nameKey(seen.login), seen }])),
    ...others.map((seen) => ({ ...nameOther(seen.login), seen })),
  ];
  const groups = Map.groupBy(named, ({ account, method, by, from, seen }) =>
    JSON.stringify([account, method, by, from, seen.day]),
  );
  const all = [...groups.values()].flatMap(toDay).toSorted((one, other) => other.day - one.day);
  const journal = keepFairly(
    all.filter(({ inJournal }) => inJournal > 0),
    most,
  );
  const files = keepFairly(
    all.filter(({ inJournal }) => inJournal === 0),
    most - journal.kept.length,
  );
  return {
    days: [...journal.kept, ...files.kept],
    dropped: { journal: journal.dropped, files: files.dropped },
  };
}

/** The newest of each account. */
function keepFairly(days: readonly LoggedDay[], most: number): Record<"kept" | "dropped", LoggedDay[]> {
  const ofAccounts = [...Map.groupBy(days, ({ account }) => account).values()];
  const share = shareOf(
    ofAccounts.map(({ length }) => length),
    most,
  );
  return {
    kept: ofAccounts.flatMap((some) => some.slice(0, share)),
    dropped: ofAccounts.flatMap((some) => some.slice(share)),
  };
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

function toDay(group: readonly (Named & { seen: SeenLogin<unknown> })[]): LoggedDay[] {
  const [begin] = group;
  const seen = group.map((one) => one.seen);
  const first = minimum(seen, ({ first }) => first);
  const last = minimum(seen, ({ last }) => -last);
  if (!begin || !first || !last) return [];
  const [firstAt, lastAt] = [instantOf(first.first), instantOf(last.last)];
  if (firstAt === null || lastAt === null) return [];
  const ofFamily = [...Map.groupBy(seen, ({ family }) => family)].map(([family, some]) => ({
    isJournal: isJournal(family),
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
