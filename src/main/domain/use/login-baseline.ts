import ipaddr from "ipaddr.js";
import { spend } from "#domain/work-budget.ts";
import {
  type ActiveDay,
  BASELINE_DAYS,
  type Baselines,
  type DaySpan,
  type EntryMethod,
  type KnownLogins,
  type LoginDay,
  type LoginFacts,
} from "#shared/model/access/login.ts";
import { evidenceOf, type LogWindow } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { DAY_SECONDS } from "./log-dates.ts";

/** The login by which the host is being read, which is not earlier than `since`; null where nobody logged in for it. */
export type ScanLogin = { account: string; fingerprint: string; since: Instant } | null;

/** What is usual on a host: how its accounts were entered on the first days that its logs cover. */

export const isJournal = ({ source }: LogWindow): boolean => evidenceOf(source) === "journal";

/** The first days that the logs cover, all gaps left out; null where these are too few. */
export function findSpan(windows: readonly LogWindow[]): DaySpan | null {
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

export type Usual = {
  loginDays: Set<number>;
  addresses: Set<string>;
  networks: Set<string>;
  hours: number;
  keyDays: Set<number>;
  hasPassword: boolean;
};

export type Baseline = {
  accounts: ReadonlyMap<string, Usual>;
  networks: ReadonlySet<string>;
  has: (day: LoginDay) => boolean;
};

type BaselineFacts = {
  days: readonly LoginDay[];
  known: KnownLogins;
  spans: Baselines<DaySpan | null>;
};

/** Null where the logs do not cover enough days. */
export function makeBaseline(
  which: keyof Baselines<unknown>,
  { days, known, spans }: BaselineFacts,
): Baseline | null {
  const span = spans[which];
  if (span === null) return null;
  const isMadeNow = known.spans[which] === null;
  const isOf = ({ day, inJournal }: LoginDay) =>
    day >= span.from && day <= span.to && (which === "all" || inJournal > 0);
  const made = isMadeNow ? [...known.until(span.to), ...days].filter(isOf) : known.baseline[which];
  spend(made.length);
  const names = new Set(made.map(nameOf));
  const accounts = new Map<string, Usual>();
  const networks = new Set<string>();
  for (const day of made) {
    const usual = accounts.get(day.account) ?? startUsual();
    accounts.set(day.account, usual);
    addTo(usual, day, which);
    for (const network of usual.networks) networks.add(network);
  }
  // What was before the baseline is not compared with it.
  return { accounts, networks, has: (day) => day.day < span.from || names.has(nameOf(day)) };
}

export const startUsual = (): Usual => ({
  loginDays: new Set(),
  addresses: new Set(),
  networks: new Set(),
  hours: 0,
  keyDays: new Set(),
  hasPassword: false,
});

function addTo(usual: Usual, day: LoginDay, which: keyof Baselines<unknown>): void {
  if (day.method === "su") return;
  usual.loginDays.add(day.day);
  usual.hours |= which === "journal" ? day.hoursInJournal : day.hours;
  if (isByKey(day)) usual.keyDays.add(day.day);
  usual.hasPassword ||= isByPassword(day);
  if (day.from === "") return;
  usual.addresses.add(day.from);
  usual.networks.add(networkOf(day.from));
}

const nameOf = ({ account, method, by, from, day }: LoginDay): string =>
  JSON.stringify([account, method, by, from, day]);

export const isByKey = ({ method }: { method: EntryMethod }): boolean =>
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
  const activeOf = Map.groupBy(known.active, ({ account }) => account);
  const spans = { journal: spansOf(known.windows.filter(isJournal)), all: spansOf(known.windows) };
  return [...Map.groupBy(days, ({ account }) => account)].flatMap(([account, ofAccount]) => {
    const seen: ActiveDay[] = ofAccount.map((day) => ({ ...day, isInJournal: day.inJournal > 0 }));
    const last = createLastLogins([...(activeOf.get(account) ?? []), ...seen]);
    return ofAccount.toSorted(byDay).flatMap((day) => {
      const isInJournal = day.inJournal > 0;
      const isUsual = baselines.all?.has(day) || (isInJournal && baselines.journal?.has(day));
      if (day.method === "su" || isUsual) return [];
      const byJournal = isInJournal && isCovered(spans.journal, day.day);
      if (!byJournal && !isCovered(spans.all, day.day)) return [];
      const facts = compareWithLast(day, last.before(day, byJournal), known.since.get(account));
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
    const isOld = since !== undefined && isLong(Math.floor(Date.parse(since) / 1000 / DAY_SECONDS));
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
const instantAt = (day: number): Instant => `${dateOf(day)}T00:00:00Z`;
