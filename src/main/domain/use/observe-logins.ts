import { spend } from "#domain/work-budget.ts";
import {
  type AddressedDay,
  type BaselineSpans,
  type Baselines,
  type CompleteSince,
  type KnownLogins,
  keyOfAccount,
  type LoginDay,
  type LoginFacts,
  type ObservedLogin,
  shareOf,
} from "#shared/model/access/login.ts";
import type { Severity } from "#shared/model/finding.ts";
import type { LogWindow, UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { DAY_SECONDS } from "./log-dates.ts";
import {
  type Baseline,
  dateOf,
  findLongSilences,
  isByPassword,
  type LongSilence,
  makeBaseline,
  networkOf,
  planSpans,
  type ScanLogin,
  spansOf,
  type Usual,
} from "./login-baseline.ts";
import type { LoginBurst } from "./login-bursts.ts";
import type { LoggedDay } from "./login-days.ts";
import { accountOf, keyOfLogin, presentAccount } from "./named-accounts.ts";

/*
 * Which logins stand out from how an account was entered in the first 30 days that the logs cover. That baseline never
 * grows by itself: what came later stands out until somebody accepts it, however often it has come. And a login that the
 * journal has is compared with what the journal had: into a plain log any user of the host can have lines written.
 */

export type LoginReading = {
  spans: Baselines<BaselineSpans>;
  /** The days to keep. */
  days: LoggedDay[];
  observed: ObservedLogin[];
  /** How many more stand out than are kept. */
  leftOut: number;
};

/** Accounts with a locked password that keys open; `before`: an earlier reading has shown it. */
export type KeyOnlyAccounts = ReadonlyMap<string, "before" | "now">;

export type Reading = {
  days: readonly LoggedDay[];
  bursts: readonly LoginBurst[];
  own: ScanLogin;
  completeSince: Baselines<CompleteSince>;
  keyOnly: KeyOnlyAccounts;
};

/** What logs in as this computer does: its account and key from its address, as the host sees that. */
type OwnLogin = { account: string; fingerprint: string; from: string } | null;

/** So many passwords must have been refused before a login. */
const LEAST_REFUSED = 10;
/** An hour is new when none of the baseline is as near to it; the clocks change by one. */
const NEAR_HOURS = 2;
/** Hours are compared with those of so many days with logins. */
const LEAST_DAYS_FOR_HOURS = 10;

/** So many of one account are kept of a reading, the most severe first. */
const MOST_OF_ACCOUNT = 100;
const MOST = 2_000;

export function observeLogins(
  { days: read, bursts, own: scan, completeSince, keyOnly }: Reading,
  known: KnownLogins,
): LoginReading {
  spend(read.length + bursts.length + known.active.length);
  const days = withoutKnown(read, known.active);
  const planOf = (which: keyof Baselines<unknown>) => planSpans(which, { days, known, completeSince });
  const spans = { journal: planOf("journal"), all: planOf("all") };
  const baselines = {
    journal: makeBaseline("journal", { days, known, planned: spans.journal }),
    all: makeBaseline("all", { days, known, planned: spans.all }),
  };
  const own = findOwnLogin(days, scan);
  const lockOf = lockReader(keyOnly, known);
  const uidOf: UidOf = (login) => accountOf(known, login).uid;
  const drafts = [
    ...days.flatMap((day) => observeDay(day, { baselines, own, lockOf, uidOf })),
    ...bursts.flatMap((burst) => observeBurst(burst, uidOf({ account: burst.account, lastAt: burst.at }))),
    ...findLongSilences(days, { known, baselines }).map((silence) => observeSilence(silence, { own, uidOf })),
  ];
  const all = merge(drafts);
  const observed = limit(all);
  return { spans, days, observed, leftOut: all.length - observed.length };
}

/** Logins whose address this reading has not kept are left out where earlier ones have all of that day with theirs. */
function withoutKnown(days: readonly LoggedDay[], active: readonly AddressedDay[]): LoggedDay[] {
  const isBare = ({ method, from }: LoginDay): boolean => method !== "su" && from === "";
  if (!days.some(isBare)) return [...days];
  const nameOf = ({ account, method, by, day }: LoginDay | AddressedDay) =>
    JSON.stringify([account, method, by, day]);
  const before = new Map(active.map((one) => [nameOf(one), one]));
  const read = Map.groupBy(days, nameOf);
  return days.filter((day) => {
    const known = isBare(day) ? before.get(nameOf(day)) : undefined;
    if (!known) return true;
    const all = read.get(nameOf(day)) ?? [];
    return day.inJournal > 0
      ? all.reduce((sum, { inJournal }) => sum + inJournal, 0) > known.addressedInJournal
      : all.reduce((sum, { count }) => sum + count, 0) > known.addressed;
  });
}

type Lock = "before" | "now" | null;

/** Whether the password of an account is locked that nobody is known to have entered by one before. */
function lockReader(keyOnly: KeyOnlyAccounts, known: KnownLogins): (day: LoginDay) => Lock {
  const { active, readUntil } = known;
  const first = { journal: new Map<string, number>(), all: new Map<string, number>() };
  for (const login of active) {
    const { method, day, isInJournal } = login;
    if (!isByPassword({ method })) continue;
    const key = keyOfLogin(known, login);
    for (const map of isInJournal ? [first.all, first.journal] : [first.all])
      map.set(key, Math.min(day, map.get(key) ?? day));
  }
  return (login) => {
    const { account, day, inJournal, lastAt } = login;
    const key = keyOfLogin(known, login);
    const isPresent = key === keyOfAccount(presentAccount(known, account));
    const lock = isPresent ? (keyOnly.get(account) ?? null) : null;
    const before = (inJournal > 0 ? first.journal : first.all).get(key) ?? day;
    if (lock === null || before < day) return null;
    return lock === "before" && readUntil.all !== null && lastAt > readUntil.all ? "before" : "now";
  };
}

/** How many whole days the logs cover. */
export const countCoveredDays = (windows: readonly LogWindow[]): number =>
  Math.floor(spansOf(windows).reduce((sum, { from, to }) => sum + to - from, 0) / DAY_SECONDS);

type UidOf = (login: { account: string; lastAt: Instant }) => number | null;

type Comparison = {
  baselines: Baselines<Baseline | null>;
  own: OwnLogin;
  uidOf: UidOf;
  lockOf: (day: LoginDay) => Lock;
};

function observeDay(day: LoggedDay, { baselines, own, lockOf, uidOf }: Comparison): ObservedLogin[] {
  // Whatever calls itself su in a log may be anybody: nothing is said of it.
  if (day.method === "su") return [];
  const evidence: UseEvidence = day.inJournal > 0 ? "journal" : "file";
  const baseline = (evidence === "journal" ? baselines.journal : null) ?? baselines.all;
  const usual = baseline?.usualOf(day) ?? null;
  const uid = uidOf(day);
  const draft = draftOf(day, { uid, evidence, isOwn: isOwnLogin(day, own) });
  if (baseline === null) return observePassword(day, { usual, draft, lock: lockOf(day) });
  const byFilesAlone = day.hours & ~day.hoursInJournal;
  const { all } = baselines;
  return [
    ...(baseline.has(day)
      ? []
      : [
          ...observeSource(day, { usual, baseline, draft }),
          ...observePassword(day, { usual, draft, lock: lockOf(day) }),
          ...observeHours(evidence === "journal" ? day.hoursInJournal : day.hours, { usual, draft }),
        ]),
    ...(evidence === "journal" && byFilesAlone !== 0 && all !== null && !all.has(day)
      ? observeHours(byFilesAlone, {
          usual: all.usualOf(day),
          // The lines that were kept are the journal's.
          draft: draftOf({ ...day, lines: [] }, { uid, evidence: "file", isOwn: false }),
        })
      : []),
  ];
}

type Draft = (subject: string, severity: Severity, facts: LoginFacts) => ObservedLogin;

const draftOf =
  (
    day: LoggedDay,
    { uid, evidence, isOwn }: { uid: number | null; evidence: UseEvidence; isOwn: boolean },
  ): Draft =>
  (subject, severity, facts) => ({
    account: day.account,
    uid,
    subject,
    method: day.method,
    by: day.by,
    from: day.from,
    firstAt: day.firstAt,
    lastAt: day.lastAt,
    evidence,
    severity: isOwn ? "info" : withEvidence(severity, evidence),
    facts,
    lines: day.lines,
  });

/** What plain files alone show is never severe. */
const withEvidence = (severity: Severity, evidence: UseEvidence): Severity =>
  evidence === "file" && (severity === "high" || severity === "critical") ? "medium" : severity;

const isOwnLogin = ({ account, by, from }: LoginDay, own: OwnLogin): boolean =>
  own !== null && account === own.account && by === own.fingerprint && from === own.from;

/** Null as well where the scan's key came from two addresses at once: one of them is not ours. */
function findOwnLogin(days: readonly LoginDay[], scan: ScanLogin): OwnLogin {
  if (scan === null) return null;
  const froms = days.flatMap(({ account, method, by, from, lastAt }) =>
    method === "publickey" && account === scan.account && by === scan.fingerprint && lastAt >= scan.since
      ? [from]
      : [],
  );
  const [from] = froms;
  const isOne = froms.every((other) => other === from);
  return from && isOne ? { account: scan.account, fingerprint: scan.fingerprint, from } : null;
}

/** `usual` null: nothing is usual for the account yet, which is too new. What is new for the whole host is new for it, too. */
function observeSource(
  login: LoginDay,
  { usual, baseline, draft }: { usual: Usual | null; baseline: Baseline; draft: Draft },
): ObservedLogin[] {
  const { account, from, day } = login;
  if (account === "" || usual?.addresses.has(from)) return [];
  const network = networkOf(from);
  const isNetworkUsual = usual?.networks.has(network) ?? false;
  const isUsualOnHost = baseline.networks.has(network);
  if (usual === null && (isUsualOnHost || from === "" || baseline.isCut(login))) return [];
  const severity = isNetworkUsual ? "info" : isUsualOnHost ? "low" : "medium";
  // Of its day where the address was not kept: whoever accepts it has not seen those of later days.
  const subject = from === "" ? dateOf(day) : isNetworkUsual ? from : network;
  return [
    draft(subject, severity, {
      rule: "login-new-source",
      network,
      isBaselinePartial: usual?.isPartial || (!isUsualOnHost && baseline.isPartial),
      isNetworkUsual,
      isUsualOnHost,
    }),
  ];
}

type PasswordFacts = { usual: Usual | null; draft: Draft; lock: Lock };

/** Of an account that keys alone opened in the baseline, or that has a locked password and nothing usual to compare with. */
function observePassword(day: LoginDay, { usual, draft, lock }: PasswordFacts): ObservedLogin[] {
  if (!isByPassword(day) || usual?.hasPassword) return [];
  const keyDays = usual?.keyDays.size ?? 0;
  if (keyDays === 0 && lock === null) return [];
  const severity = keyDays > 0 || lock === "before" ? "high" : "low";
  return [draft(day.from, severity, { rule: "login-by-password", keyDays, locked: lock })];
}

function observeHours(
  hours: number,
  { usual, draft }: { usual: Usual | null; draft: Draft },
): ObservedLogin[] {
  if (usual === null || usual.loginDays.size < LEAST_DAYS_FOR_HOURS) return [];
  return HOURS.filter((hour) => (hours & (1 << hour)) !== 0 && !isNear(hour, usual.hours)).map((hour) =>
    draft(String(hour).padStart(2, "0"), "low", { rule: "login-new-hour", hour }),
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

const isNear = (hour: number, hours: number): boolean =>
  HOURS.some((other) => {
    const apart = Math.abs(hour - other);
    return (hours & (1 << other)) !== 0 && Math.min(apart, 24 - apart) <= NEAR_HOURS;
  });

function observeSilence(
  { day, facts }: { day: LoggedDay; facts: LongSilence },
  { own, uidOf }: { own: OwnLogin; uidOf: UidOf },
): ObservedLogin {
  const evidence = day.inJournal > 0 ? "journal" : "file";
  const draft = draftOf(day, { uid: uidOf(day), evidence, isOwn: isOwnLogin(day, own) });
  const date = dateOf(day.day);
  return facts.ofMethod
    ? draft(`${date} ${day.by || day.method}`, "low", facts)
    : draft(date, "medium", facts);
}

function observeBurst(burst: LoginBurst, uid: number | null): ObservedLogin[] {
  const { account, method, by, from, at, refused, firstRefusedAt, lastRefusedAt, evidence, lines } = burst;
  if (refused < LEAST_REFUSED) return [];
  return [
    {
      account,
      uid,
      subject: `${at.slice(0, 10)} ${from}`,
      method,
      by,
      from,
      firstAt: at,
      lastAt: at,
      evidence,
      // A password that was guessed lets somebody in; a key that follows refused passwords is somebody's own.
      severity: withEvidence(isByPassword({ method }) ? "high" : "medium", evidence),
      facts: { rule: "login-after-failures", refused, firstRefusedAt, lastRefusedAt },
      lines,
    },
  ];
}

/** Those of one rule, account and subject are one: of the surest evidence the most severe, with its line and the last. */
function merge(drafts: readonly ObservedLogin[]): ObservedLogin[] {
  const groups = Map.groupBy(drafts, ({ facts, account, uid, subject }) =>
    JSON.stringify([facts.rule, account, uid, subject]),
  );
  return [...groups.values()].flatMap((group) => {
    const surest = group.some(({ evidence }) => evidence === "journal") ? "journal" : "file";
    const all = group
      .filter(({ evidence }) => evidence === surest)
      .toSorted((one, other) => compare(one.firstAt, other.firstAt));
    const [first] = all;
    const last = all.toSorted((one, other) => compare(other.lastAt, one.lastAt))[0];
    if (!first || !last) return [];
    const [worst = first] = all.toSorted((one, other) => bySeverity(one.severity, other.severity));
    const lines = mergeLines(worst.lines, last.lines);
    return [{ ...worst, firstAt: first.firstAt, lastAt: last.lastAt, lines }];
  });
}

/** So many lines of an observation are kept. */
const MOST_LINES = 4;

const mergeLines = (first: readonly string[], last: readonly string[]): string[] => {
  const lines = [...new Set([...first, ...last])];
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), ...lines.slice(-1)];
};

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info"];
const bySeverity = (one: Severity, other: Severity): number =>
  SEVERITIES.indexOf(one) - SEVERITIES.indexOf(other);
const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

/** Whoever makes a thousand of one account hides none of another, and lines of a plain file none that the journal has. */
function limit(observed: readonly ObservedLogin[]): ObservedLogin[] {
  const ofAccounts = [...Map.groupBy(observed, ({ account }) => account).values()];
  const share = shareOf(
    ofAccounts.map(({ length }) => length),
    MOST,
  );
  return ofAccounts.flatMap((all) => all.toSorted(byWeight).slice(0, Math.min(share, MOST_OF_ACCOUNT)));
}

const byWeight = (one: ObservedLogin, other: ObservedLogin): number =>
  Number(one.evidence === "file") - Number(other.evidence === "file") ||
  bySeverity(one.severity, other.severity) ||
  compare(other.lastAt, one.lastAt);
