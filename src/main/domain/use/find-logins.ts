import type { Collection } from "#domain/collection/collection.ts";
import type { LogSummary } from "#domain/collection/read-logs.ts";
import {
  evidenceOf,
  type HostLogins,
  type KeyLogins,
  type LoginOrigin,
  type LogWindow,
  MOST_ORIGINS,
  type OtherLogins,
} from "#shared/model/hosts/host-use.ts";
import { type Instant, MOST_AHEAD_SECONDS } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import { DAY_SECONDS, instantOf, readOffset, toSeconds } from "./log-dates.ts";
import { type DatedLog, dateLogs, familyOf, findHidingLevel, findSpans, type Span } from "./log-windows.ts";
import { findBursts, type LoginBurst } from "./login-bursts.ts";
import { formatLoggedLine, type ReadDays, readLoginDays, type SeenLogin } from "./login-days.ts";
import { type KeyLogin, type OtherLogin, readLoginMessage, readOtherLogin } from "./login-messages.ts";

/** The logins by key in one reading of a host's logs. */
export type LoginEvidence = HostLogins &
  ReadDays & {
    /** Why sshd's current settings keep logins out of the logs; null where they do not. */
    hiddenBy: string | null;
    /** Logs that were not read, or whose silence shows nothing, and why. */
    notRead: string[];
    /** Logins in lines with another host's name: that name by account and fingerprint (loginName). */
    elsewhere: ReadonlyMap<string, string>;
    /** Logins to accounts of the host after passwords that were refused. */
    bursts: LoginBurst[];
  };

type Seen = SeenLogin<KeyLogin>;

/** A scan's login may precede its reading of the logs by this many seconds, since scans wait for each other. */
const OWN_LOGIN_SECONDS = 600;
/** How many keys of a host are kept: those with the latest logins. */
const MOST_KEYS = 2_000;
/** How many other means of accounts are kept. */
const MOST_OTHERS = 2_000;

/** The key of a login in maps. */
export const loginName = ({
  account,
  fingerprint,
}: {
  account: string;
  fingerprint: string | null;
}): string => JSON.stringify([account, fingerprint]);

/** The accounts that a map by `loginName` has. */
export const accountsIn = (logins: ReadonlyMap<string, unknown>): ReadonlySet<string> =>
  new Set([...logins.keys()].map((name) => String(JSON.parse(name)[0])));

export function findLogins(collection: Collection, at: Date): LoginEvidence {
  const now = collection.facts.unixTime ?? Math.floor(at.getTime() / 1000);
  const offset = readOffset(collection.facts.utcOffset);
  const families = Map.groupBy(collection.logs, ({ path }) => familyOf(path));
  const unreadable = collection.unreadable.filter(({ kind }) => kind === "log");
  const windows: LogWindow[] = [];
  const notRead = unreadable.map(({ path, why }) => `${path}: ${why}`);
  const seen: Seen[] = [];
  const others: SeenLogin<OtherLogin>[] = [];
  const bursts: LoginBurst[] = [];
  const leftOut: string[] = [];
  const cutLogs: string[] = [];
  const elsewhere = new Map<string, string>();
  const hiddenBy = findHidingLevel(collection);
  const changedAt = findChange(collection);
  for (const [family, logs] of families) {
    const dated = dateLogs(logs, { now, offset });
    const isOwn = (host: string) => isSameHost(host, collection.facts.hostname);
    for (const [login, host] of dated.flatMap(namesIn)) if (!isOwn(host)) elsewhere.set(login, host);
    const all = dated.flatMap((log) =>
      datedLogins(log, log.messages, { offset, now, family, read: readLoginMessage }),
    );
    const { own = [], foreign = [] } = Object.groupBy(all, ({ host }) => (isOwn(host) ? "own" : "foreign"));
    for (const one of own) seen.push(one);
    for (const log of dated)
      for (const one of datedLogins(log, log.others, { offset, now, family, read: readOtherLogin }))
        if (isOwn(one.host)) others.push(one);
    const after = findBursts(dated, { family, clock: { offset, now }, isOwn });
    bursts.push(...after.bursts);
    leftOut.push(...after.leftOut);
    if (logs.some(({ hasMoreOthers, ending }) => hasMoreOthers || ending === "full")) cutLogs.push(family);
    if (logs.some((log) => log.hasMoreOthers))
      notRead.push(`${family}: it holds more logins without a key than were taken`);
    const doubt = hiddenBy ?? findDoubt(logs, own, collection, now);
    if (doubt !== null) {
      notRead.push(`${family}: ${doubt}`);
      continue;
    }
    const missing = unreadable.map(({ path }) => path).filter((path) => familyOf(path) === family);
    const renamed = findRenaming(own, foreign);
    if (renamed) notRead.push(`${family}: ${formatRenamed(renamed)}`);
    const found = findSpans(dated, missing, offset);
    const spans = renamed ? since(found, renamed.last) : found;
    const sure =
      changedAt !== null && own.every(({ first }) => first >= changedAt) ? since(spans, changedAt) : spans;
    windows.push(
      ...toWindows(
        family,
        sure.map((span) => endBy(span, now)),
      ),
    );
    notRead.push(...dated.flatMap(formatCut));
    if (sure !== spans && changedAt !== null) notRead.push(`${family}: ${formatChanged(changedAt)}`);
  }
  const all = addUp(seen);
  const kept = all.slice(0, MOST_KEYS);
  // An attacker who fills a plain file with logins of invented keys hides no missing login, and no journal entry.
  const weakest = all.length > MOST_KEYS ? all[MOST_KEYS] : undefined;
  const sound = windows.filter(
    ({ source }) => !weakest || (weakest.lastInJournalAt === null && evidenceOf(source) === "journal"),
  );
  if (weakest) notRead.push(`logs hold more than ${MOST_KEYS} keys, so none is known to be missing`);
  for (const one of readSuLog(collection, { offset, now })) others.push(one);
  // Whoever writes lines into a log may name accounts that there are not.
  const names = new Set(collection.accounts.map(({ name }) => name));
  const ofAccounts = others.filter(({ login }) => names.has(login.account));
  const read = readLoginDays(
    { keys: seen.filter(({ login }) => names.has(login.account)), others: ofAccounts },
    { cutLogs, today: Math.floor((now + offset) / DAY_SECONDS) },
  );
  return {
    logins: kept,
    others: addUpOthers(ofAccounts),
    windows: sound,
    hiddenBy,
    notRead,
    elsewhere,
    ...read,
    bursts: bursts.filter(({ account }) => names.has(account)),
    leftOut: [...leftOut, ...read.leftOut],
  };
}

/** No log shows the future, whatever dates are in it. */
const endBy = ({ from, to }: Span, now: number): Span => ({
  from: Math.min(from, now),
  to: Math.min(to, now),
});

/** When a file of sshd's configuration was last changed; null if that was not read. */
const findChange = ({ sshd, otherDaemons }: Collection): number | null =>
  [sshd, ...otherDaemons]
    .flatMap(({ changedAt }) => [...changedAt.values()])
    .reduce<number | null>((latest, at) => Math.max(latest ?? at, at), null);

/** The spans from `at` on: sshd's earlier settings are not known, and it may have logged nothing, or elsewhere. */
const since = (spans: readonly Span[], at: number): readonly Span[] =>
  spans.some(({ from }) => from < at)
    ? spans.filter(({ to }) => to > at).map(({ from, to }) => ({ from: Math.max(from, at), to }))
    : spans;

const formatChanged = (at: number): string =>
  `no login by key before ${instantOf(at)?.slice(0, 10) ?? "now"} is in it, when sshd's configuration was changed: until then it may have been silent`;

/**
 * The last login under a host name that is in the log only before this host's own: the host may have been renamed, and
 * earlier lines are not known to be of this host. Where many hosts write into one log, their names alternate.
 */
function findRenaming(own: readonly Seen[], foreign: readonly Seen[]): Seen | null {
  const begin = own.reduce((least, { first }) => Math.min(least, first), Number.POSITIVE_INFINITY);
  const lastOfEach = [...Map.groupBy(foreign, ({ host }) => host).values()].flatMap(
    (all) => lastOf(all) ?? [],
  );
  return lastOf(lastOfEach.filter(({ last }) => last < begin));
}

const lastOf = <One extends { last: number }>(seen: readonly One[]): One | null =>
  seen.reduce<One | null>((one, other) => (one && one.last > other.last ? one : other), null);

const formatRenamed = ({ host, last }: Seen): string =>
  `until ${instantOf(last)?.slice(0, 10) ?? "now"} its logins are those of ${host}, as this host may have been called: none before is known to be missing`;

type Reading<Login> = {
  /** Of the host's clock to UTC, and now, in seconds. */
  offset: number;
  now: number;
  family: string;
  /** Null for a message that is of no such login. */
  read: (text: string) => Login | null;
};

/** The logins of messages of a log. One with a future date was written by now: its times are limited to that. */
function datedLogins<Login>(
  { dates, days: written }: DatedLog,
  messages: DatedLog["messages"],
  { offset, now, family, read }: Reading<Login>,
): SeenLogin<Login>[] {
  const today = Math.floor((now + offset) / DAY_SECONDS);
  return messages.flatMap(({ host, text, days }) => {
    const login = read(text);
    if (!login) return [];
    return days.flatMap(({ day: index, count, first, last, hours, tags }) => {
      const day = dates[index] ?? null;
      const date = written[index] ?? "";
      const times = day === null ? [] : [first, last].map((time) => toSeconds(day, time, offset));
      const [begin = null, end = null] = times;
      return day === null || begin === null || end === null
        ? []
        : [
            {
              login,
              host,
              family,
              count,
              day: Math.min(day, today),
              first: Math.min(begin, now),
              last: Math.min(end, now),
              hours,
              line: (which: "first" | "last") =>
                which === "first"
                  ? formatLoggedLine({ date, time: first, host, tag: tags[0], text })
                  : formatLoggedLine({ date, time: last, host, tag: tags[1], text }),
            },
          ];
    });
  });
}

/** What calls itself su in the journal is anybody's word: it counts as what a plain file has. */
function readSuLog(
  { suLog, facts }: Collection,
  clock: { offset: number; now: number },
): SeenLogin<OtherLogin>[] {
  if (!suLog) return [];
  return dateLogs([suLog], clock)
    .flatMap((log) => datedLogins(log, log.others, { ...clock, family: "su", read: readOtherLogin }))
    .filter(({ host, login }) => login.method === "su" && isSameHost(host, facts.hostname));
}

/** Each login in a log, of any time, with the host name of its line. */
const namesIn = (log: DatedLog): [login: string, host: string][] =>
  log.messages.flatMap(({ host, text }): [string, string][] => {
    const login = readLoginMessage(text);
    return login ? [[loginName({ ...login, fingerprint: login.authority ?? login.fingerprint }), host]] : [];
  });

/** A log has the host's short or full name. */
function isSameHost(named: string, own: string | null): boolean {
  if (own === null) return true;
  const [one, other] = [named.toLowerCase(), own.toLowerCase()];
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** Why a log that was read may lack logins; null where we know of no reason. */
function findDoubt(
  logs: readonly LogSummary[],
  own: readonly Seen[],
  { loginKey, loginAccount }: Collection,
  now: number,
): string | null {
  if (logs.some(({ ending }) => ending === "full"))
    return "it holds more different logins than were taken, so none is known to be missing";
  if (own.some(({ login }) => (login.authority ?? login.fingerprint) === null))
    return "it shows logins and not by which key, so of no key is it known that it was not used";
  if (loginKey !== null && loginAccount !== null) {
    const isOwn = ({ login: { account, fingerprint }, last }: Seen) =>
      account === loginAccount &&
      Math.abs(now - last) <= OWN_LOGIN_SECONDS &&
      (fingerprint === loginKey || fingerprint?.startsWith("MD5:") === true);
    if (!own.some(isOwn)) return "this scan's own login is not in it, so others may be missing too";
  } else if (logs.every(({ acceptedCount }) => acceptedCount === 0)) {
    return "no login of any kind is in it, so sshd may write elsewhere";
  }
  return null;
}

const formatCut = ({ path, ending, isTail }: DatedLog): string[] => [
  ...(ending === "cut" ? [`${path}: it was read in part only, for its time was over or it is damaged`] : []),
  ...(isTail ? [`${path}: only its end was read, for it is very large`] : []),
];

function toWindows(source: string, spans: readonly Span[]): LogWindow[] {
  return spans.flatMap((span) => {
    const [from, to] = [instantOf(span.from), instantOf(span.to)];
    return from !== null && to !== null ? [{ source, from, to }] : [];
  });
}

/** The logins by key, the surest first. Two logs of one day may have the same logins: the one with more counts. */
function addUp(seen: readonly Seen[]): KeyLogins[] {
  const ofKey = Map.groupBy(seen, ({ login }) =>
    JSON.stringify([login.account, login.authority ?? login.fingerprint, login.authority !== null]),
  );
  const logins = [...ofKey.values()].flatMap((all): KeyLogins[] => {
    const { youngest, counted } = countUp(all);
    const { account, authority, fingerprint } = youngest.login;
    const named = authority ?? fingerprint;
    if (named === null || counted === null) return [];
    return [{ account, fingerprint: named, isAuthority: authority !== null, ...counted }];
  });
  return logins.sort(byStrength);
}

/** The logins by other means, the surest first. */
function addUpOthers(seen: readonly SeenLogin<OtherLogin>[]): OtherLogins[] {
  const ofMeans = Map.groupBy(seen, ({ login: { account, method, by } }) =>
    JSON.stringify([account, method, by]),
  );
  const logins = [...ofMeans.values()].flatMap((all): OtherLogins[] => {
    const { youngest, counted } = countUp(all);
    const { account, method, by } = youngest.login;
    return counted === null ? [] : [{ account, method, by, ...counted }];
  });
  return logins.sort(byStrength).slice(0, MOST_OTHERS);
}

/** When, how often and from where; null where no instant can be made of its times. */
function countUp<Login extends { from: string | null }>(all: readonly SeenLogin<Login>[]) {
  const [begin] = all as [SeenLogin<Login>];
  const youngest = all.reduce((one, other) => (other.last > one.last ? other : one), begin);
  const firstAt = instantOf(all.reduce((least, { first }) => Math.min(least, first), youngest.first));
  const lastAt = instantOf(youngest.last);
  if (firstAt === null || lastAt === null) return { youngest, counted: null };
  const counted = {
    firstAt,
    lastAt,
    lastInJournalAt: lastInJournal(all),
    lastFrom: youngest.login.from,
    origins: originsOf(all),
    days: countDays(all),
  };
  return { youngest, counted };
}

function lastInJournal(seen: readonly SeenLogin<unknown>[]): Instant | null {
  const last = lastOf(seen.filter(({ family }) => evidenceOf(family) === "journal"));
  return last && instantOf(last.last);
}

/** The last login from each known address. */
function originsOf(seen: readonly SeenLogin<{ from: string | null }>[]): LoginOrigin[] {
  const byAddress = Map.groupBy(seen, ({ login }) => login.from);
  const origins = [...byAddress].flatMap(([from, all]): LoginOrigin[] => {
    const last = lastOf(all);
    const lastAt = last && instantOf(last.last);
    return from === null || !lastAt ? [] : [{ from, lastAt, lastInJournalAt: lastInJournal(all) }];
  });
  return origins.sort(byStrength).slice(0, MOST_ORIGINS);
}

type Dated = { lastAt: Instant; lastInJournalAt: Instant | null };

/** Logins in the journal first, then the latest first. */
function byStrength(one: Dated, other: Dated): number {
  const [first, second] = [one.lastInJournalAt !== null, other.lastInJournalAt !== null];
  if (first !== second) return first ? -1 : 1;
  if (one.lastAt === other.lastAt) return 0;
  return one.lastAt < other.lastAt ? 1 : -1;
}

function countDays(seen: readonly SeenLogin<unknown>[]): [number, number][] {
  const counts = [...Map.groupBy(seen, ({ day }) => day)].map(([day, all]): [number, number] => {
    const byFamily = [...Map.groupBy(all, ({ family }) => family).values()];
    const sums = byFamily.map((some) => some.reduce((sum, { count }) => sum + count, 0));
    return [day, Math.max(...sums)];
  });
  return counts.sort(([one], [other]) => one - other);
}

/**
 * The evidence where the host's clock is ahead of ours: logins happened, none later than now. It is not known when the
 * lines were written, so they cover no span of time. `now` in seconds since the epoch, by our clock.
 */
export function withoutFuture(evidence: LoginEvidence, { ahead, now }: { ahead: number; now: number }) {
  if (ahead <= MOST_AHEAD_SECONDS) return evidence;
  const why = `its clock is ${formatCount(ahead, "second")} ahead of this computer's, so that nothing in its logs is dated; set it`;
  const logins = evidence.logins.map((login) => notAfter(login, now));
  const others = evidence.others.map((login) => notAfter(login, now));
  return {
    ...evidence,
    logins,
    others,
    windows: [],
    days: [],
    completeSince: { journal: { host: null, accounts: new Map() }, all: { host: null, accounts: new Map() } },
    bursts: [],
    notRead: [...evidence.notRead, why],
  };
}

function notAfter<Login extends Pick<KeyLogins, "firstAt" | "lastAt" | "lastInJournalAt" | "days">>(
  login: Login,
  now: number,
): Login {
  const latest = instantOf(now) ?? login.lastAt;
  const today = Math.floor(now / DAY_SECONDS);
  const counts = new Map<number, number>();
  for (const [day, count] of login.days)
    counts.set(Math.min(day, today), (counts.get(Math.min(day, today)) ?? 0) + count);
  const bound = (at: string): string => (at.localeCompare(latest) < 0 ? at : latest);
  return {
    ...login,
    firstAt: bound(login.firstAt),
    lastAt: bound(login.lastAt),
    // Nothing shows when the login was.
    lastInJournalAt: null,
    days: [...counts].sort(([one], [other]) => one - other),
  };
}
