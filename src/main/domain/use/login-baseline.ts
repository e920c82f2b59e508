import ipaddr from "ipaddr.js";
import { spend } from "#domain/work-budget.ts";
import {
  type ActiveDay,
  BASELINE_DAYS,
  type BaselineSpans,
  type Baselines,
  type CompleteSince,
  type DaySpan,
  type EntryMethod,
  type KnownLogins,
  keyOfAccount,
  type LoginDay,
  type LoginFacts,
  type NamedAccount,
  type OwnBaseline,
  type OwnReason,
} from "#shared/model/access/login.ts";
import { evidenceOf, type LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { DAY_SECONDS } from "./log-dates.ts";
import { accountOf, hasPredecessor, keyOfLogin, presentAccount, sinceOf } from "./named-accounts.ts";

/** The login by which the host is being read, which is not earlier than `since`; null where nobody logged in for it. */
export type ScanLogin = { account: string; fingerprint: string; since: Instant } | null;

/* What is usual on a host: how its accounts were entered on the first days that its logs cover. */

const isJournal = ({ source }: LogWindow): boolean => evidenceOf(source) === "journal";

/** The first days that the logs cover, all gaps left out; null where these are too few. */
function findSpan(windows: readonly LogWindow[]): DaySpan | null {
  let left = BASELINE_DAYS * DAY_SECONDS;
  const [begin] = spansOf(windows);
  if (!begin) return null;
  for (const { from, to } of spansOf(windows)) {
    if (to - from >= left)
      return { from: Math.floor(begin.from / DAY_SECONDS), to: Math.floor((from + left) / DAY_SECONDS) };
    left -= to - from;
  }
  return null;
}

/** The windows of all logs, joined, in seconds. */
export function spansOf(windows: readonly LogWindow[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  const inOrder = windows
    .map(({ from, to }) => ({ from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 }))
    .toSorted((one, other) => one.from - other.from);
  for (const window of inOrder) {
    const before = spans.at(-1);
    if (before && window.from <= before.to) before.to = Math.max(before.to, window.to);
    else spans.push(window);
  }
  return spans;
}

type Which = keyof Baselines<unknown>;

type SpanFacts = {
  days: readonly LoginDay[];
  known: KnownLogins;
  completeSince: Baselines<CompleteSince>;
};

/**
 * The first 30 days that the logs cover. Those of an account that was made later than the host was first read are its own
 * first days; and where a reading had more logins than could be kept, they begin when all are there (0086).
 */
export function planSpans(which: Which, { days, known, completeSince }: SpanFacts): BaselineSpans {
  const windows = which === "journal" ? known.windows.filter(isJournal) : known.windows;
  const { host: hostCut, accounts: cut } = completeSince[which];
  const before = known.spans[which].own;
  const own = new Map(before);
  const begun = (account: NamedAccount, from: number, reason: OwnReason): void => {
    const span = findSpan(windowsFrom(windows, from));
    own.set(keyOfAccount(account), { ...account, from, to: span?.to ?? null, reason });
  };
  const madeBefore = known.spans[which].host;
  const hostFrom = beginOf(before.get("")?.from ?? null, hostCut, known.readUntil[which]);
  if (madeBefore === null && hostFrom !== null) begun(WHOLE_HOST, hostFrom, "cut");
  const made = own.get("");
  const host = madeBefore ?? (made ? spanOf(made) : findSpan(windows));
  const madeLater = findMadeLater(days, known, which);
  const cutNow = [...(madeBefore ? [] : cut.keys())].map((account) => presentAccount(known, account));
  const accounts = [...before.values(), ...[...madeLater.values()].map(({ account }) => account), ...cutNow];
  for (const [key, named] of new Map(accounts.map((one) => [keyOfAccount(one), one]))) {
    const { account, uid } = named;
    const earlier = before.get(key);
    if (account === "" || (earlier && earlier.to !== null)) continue;
    const isPresent = presentAccount(known, account).uid === uid;
    const complete = beginOf(
      earlier?.from ?? null,
      isPresent ? (cut.get(account) ?? null) : null,
      known.readUntil[which],
    );
    const later = earlier ? null : (madeLater.get(key)?.day ?? null);
    const from = Math.max(complete ?? 0, later ?? 0, hostFrom ?? 0);
    if (from > (host?.from ?? 0))
      begun({ account, uid }, from, earlier?.reason ?? (later === null ? "cut" : "made-later"));
  }
  return { host, own };
}

const WHOLE_HOST: NamedAccount = { account: "", uid: null };

const spanOf = ({ from, to }: OwnBaseline): DaySpan | null => (to === null ? null : { from, to });

/**
 * What an earlier reading has read whole until this one begins to be whole stays whole. It ended within a day, and the host's
 * days are not those of UTC.
 */
function beginOf(
  before: number | null,
  completeFrom: number | null,
  readUntil: Instant | null,
): number | null {
  if (completeFrom === null || (readUntil !== null && completeFrom < dayOf(readUntil))) return before;
  return Math.max(before ?? 0, completeFrom);
}

const windowsFrom = (windows: readonly LogWindow[], day: number): LogWindow[] => {
  const begin = instantAt(day);
  return windows
    .filter(({ to }) => to > begin)
    .map((window) => (window.from > begin ? window : { ...window, from: begin }));
};

type MadeLater = { account: NamedAccount; day: number };

/** The first days with a login of accounts that the first reading of the host did not have. */
function findMadeLater(
  days: readonly LoginDay[],
  known: KnownLogins,
  which: Which,
): ReadonlyMap<string, MadeLater> {
  const first = new Map<string, MadeLater>();
  const { hostSince, active } = known;
  if (hostSince === null) return first;
  const { host, own } = known.spans[which];
  spend(days.length + active.length);
  for (const login of [days, active].flat()) {
    const { day, method } = login;
    const account = accountOf(known, login);
    const key = keyOfAccount(account);
    const isInJournal = "inJournal" in login ? login.inJournal > 0 : login.isInJournal;
    const isLater = hasPredecessor(known, account) || (sinceOf(known, account) ?? hostSince) > hostSince;
    if (!isLater || own.has(key) || method === "su" || (which === "journal" && !isInJournal)) continue;
    first.set(key, { account, day: Math.min(day, first.get(key)?.day ?? day) });
  }
  // It was there from the first of the host's days on, whenever it was first seen.
  const isFromFirst = ({ account, day }: MadeLater): boolean =>
    host !== null && day <= host.from && !hasPredecessor(known, account);
  return new Map([...first].filter(([, later]) => !isFromFirst(later)));
}

export type Usual = {
  loginDays: Set<number>;
  addresses: Set<string>;
  networks: Set<string>;
  hours: number;
  keyDays: Set<number>;
  hasPassword: boolean;
  /** Of some of its logins no address was kept. */
  isPartial: boolean;
};

export type Baseline = {
  /** How an account was entered; null where its own days are too few yet. */
  usualOf: (day: LoginDay) => Usual | null;
  /** From where the host was entered in the days of its baseline, but for accounts made later. */
  networks: ReadonlySet<string>;
  /** Of some logins of these days no address was kept, or they were not read. */
  isPartial: boolean;
  /** Its own days are too few yet because not all of its logins were read. */
  isCut: (day: LoginDay) => boolean;
  has: (day: LoginDay) => boolean;
};

type BaselineFacts = { days: readonly LoginDay[]; known: KnownLogins; planned: BaselineSpans };

/** Null where the logs do not cover enough days. */
export function makeBaseline(
  which: Which,
  { days, known, planned: { host, own } }: BaselineFacts,
): Baseline | null {
  if (host === null) return null;
  const keyOf = (day: LoginDay): string => keyOfLogin(known, day);
  const spanOfAccount = (key: string): { from: number; to: number | null } => own.get(key) ?? host;
  const isMadeNow = (key: string): boolean => {
    const span = own.get(key);
    return span
      ? span.to !== null && (known.spans[which].own.get(key)?.to ?? null) === null
      : known.spans[which].host === null;
  };
  const isWithin = ({ from, to }: { from: number; to: number | null }, day: number): boolean =>
    to !== null && day >= from && day <= to;
  const isOf = (day: LoginDay): boolean =>
    isMadeNow(keyOf(day)) &&
    isWithin(spanOfAccount(keyOf(day)), day.day) &&
    (which === "all" || day.inJournal > 0);
  // Days of a name are marked; they are of whoever had it then.
  const isStillOf = (day: LoginDay): boolean => {
    const span = own.get(keyOf(day));
    return span === undefined || isWithin(span, day.day);
  };
  const madeNow = [...own.keys()].filter(isMadeNow);
  const last = madeNow.reduce(
    (latest, key) => Math.max(latest, own.get(key)?.to ?? 0),
    known.spans[which].host === null ? host.to : 0,
  );
  const stored = last > 0 ? known.until(last) : [];
  const made = [...known.baseline[which].filter(isStillOf), ...[...stored, ...days].filter(isOf)];
  spend(made.length + stored.length + days.length);
  const named = (day: LoginDay): string => `${keyOf(day)} ${nameOf(day)}`;
  const names = new Set(made.map(named));
  const accounts = new Map<string, Usual>();
  const networks = new Set<string>();
  let isPartial = [...own.values()].some(({ reason }) => reason === "cut");
  for (const day of made) {
    const key = keyOf(day);
    const usual = accounts.get(key) ?? startUsual();
    accounts.set(key, usual);
    addTo(usual, day, which);
    if (own.get(key)?.reason === "made-later") continue;
    isPartial ||= usual.isPartial;
    if (day.day <= host.to && day.from !== "") networks.add(networkOf(day.from));
  }
  return {
    usualOf: (day) =>
      spanOfAccount(keyOf(day)).to === null ? null : (accounts.get(keyOf(day)) ?? startUsual()),
    networks,
    isPartial,
    isCut: (day) => own.get(keyOf(day))?.reason === "cut",
    // What was before the baseline is not compared with it; but where there is none yet, nothing was before it.
    has: (day) => {
      const { from, to } = spanOfAccount(keyOf(day));
      return (to !== null && day.day < from) || names.has(named(day));
    },
  };
}

const startUsual = (): Usual => ({
  loginDays: new Set(),
  addresses: new Set(),
  networks: new Set(),
  hours: 0,
  keyDays: new Set(),
  hasPassword: false,
  isPartial: false,
});

function addTo(usual: Usual, day: LoginDay, which: Which): void {
  if (day.method === "su") return;
  usual.loginDays.add(day.day);
  usual.hours |= which === "journal" ? day.hoursInJournal : day.hours;
  if (isByKey(day)) usual.keyDays.add(day.day);
  usual.hasPassword ||= isByPassword(day);
  usual.isPartial ||= day.from === "";
  if (day.from === "") return;
  usual.addresses.add(day.from);
  usual.networks.add(networkOf(day.from));
}

const nameOf = ({ account, method, by, from, day }: LoginDay): string =>
  JSON.stringify([account, method, by, from, day]);

const isByKey = ({ method }: { method: EntryMethod }): boolean =>
  method === "publickey" || method === "certificate";

export const isByPassword = ({ method }: { method: EntryMethod }): boolean =>
  method === "password" || method === "keyboard-interactive";

/** The /24 or /64 of an address; what is no address stands for itself. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return `${parsed.toByteArray().slice(0, 3).join(".")}.0/24`;
  const parts = parsed.toByteArray().map((byte, index) => (index < 8 ? byte : 0));
  return `${ipaddr.fromByteArray(parts).toString()}/64`;
}

/** A login is the first after a long time when there was none in so many days, all of which the logs cover. */
const LONG_DAYS = 90;

export type LongSilence = LoginFacts & { rule: "login-after-long" };

type Known = { known: KnownLogins; baselines: Baselines<Baseline | null> };

/**
 * The days with the first login after 90 days without one, all of which the logs cover: to the account at all, or else by one
 * key or method. What the journal has is compared with the journal alone, where that reaches far enough.
 */
export function findLongSilences<Day extends LoginDay>(
  days: readonly Day[],
  { known, baselines }: Known,
): { day: Day; facts: LongSilence }[] {
  const activeOf = Map.groupBy(known.active, (day) => keyOfLogin(known, day));
  const spans = { journal: spansOf(known.windows.filter(isJournal)), all: spansOf(known.windows) };
  return [...Map.groupBy(days, (day) => keyOfLogin(known, day))].flatMap(([key, ofAccount]) => {
    const seen: ActiveDay[] = ofAccount.map((day) => ({ ...day, isInJournal: day.inJournal > 0 }));
    const last = createLastLogins([...(activeOf.get(key) ?? []), ...seen]);
    return ofAccount.toSorted(byDay).flatMap((day) => {
      const isInJournal = day.inJournal > 0;
      const isUsual = baselines.all?.has(day) || (isInJournal && baselines.journal?.has(day));
      if (day.method === "su" || isUsual) return [];
      const byJournal = isInJournal && isCovered(spans.journal, day.day);
      if (!byJournal && !isCovered(spans.all, day.day)) return [];
      const facts = compareWithLast(day, last.before(day, byJournal), sinceOf(known, accountOf(known, day)));
      return facts === null ? [] : [{ day, facts }];
    });
  });
}

const byDay = (one: { day: number }, other: { day: number }): number => one.day - other.day;

type LastDays = { any: number | null; ofMethod: number | null };

function compareWithLast(
  { day }: LoginDay,
  { any, ofMethod }: LastDays,
  since: Instant | undefined,
): LongSilence | null {
  const isLong = (before: number) => day - before > LONG_DAYS;
  const rule = "login-after-long";
  if (any === null) {
    const isOld = since !== undefined && isLong(dayOf(since));
    return isOld ? { rule, lastAt: null, ofMethod: false } : null;
  }
  if (isLong(any)) return { rule, lastAt: instantAt(any), ofMethod: false };
  return ofMethod !== null && isLong(ofMethod) ? { rule, lastAt: instantAt(ofMethod), ofMethod: true } : null;
}

/** When one account was last logged in to before a day; the days are asked for in their order. */
function createLastLogins(active: readonly ActiveDay[]) {
  const sorted = active.filter(({ method }) => method !== "su").toSorted(byDay);
  const last = { all: new Map<string, number>(), journal: new Map<string, number>() };
  let next = 0;
  spend(sorted.length);
  const note = (map: Map<string, number>, one: ActiveDay) => {
    map.set("", one.day);
    map.set(nameMethod(one), one.day);
  };
  return {
    before(day: LoginDay, byJournal: boolean): LastDays {
      for (let one = sorted[next]; one !== undefined && one.day < day.day; one = sorted[++next]) {
        note(last.all, one);
        if (one.isInJournal) note(last.journal, one);
      }
      const of = byJournal ? last.journal : last.all;
      return { any: of.get("") ?? null, ofMethod: of.get(nameMethod(day)) ?? null };
    },
  };
}

const nameMethod = ({ method, by }: { method: EntryMethod; by: string }): string => `${method} ${by}`;

const isCovered = (spans: readonly { from: number; to: number }[], day: number): boolean =>
  spans.some(({ from, to }) => from <= (day - LONG_DAYS) * DAY_SECONDS && to >= (day - 1) * DAY_SECONDS);

export const dateOf = (day: number): string => new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
const dayOf = (at: Instant): number => Math.floor(Date.parse(at) / 1000 / DAY_SECONDS);
const instantAt = (day: number): Instant => `${dateOf(day)}T00:00:00Z`;
