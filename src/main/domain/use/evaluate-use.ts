import { hash } from "node:crypto";
import type { LastLogin } from "#domain/collection/read-logs.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import type { Use } from "#shared/model/access/verdict.ts";
import {
  evidenceOf,
  type HostUse,
  type KeyLogins,
  type LogWindow,
  type UseEvidence,
} from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import { type LoginEvidence, loginName } from "./find-logins.ts";
import { DAY_SECONDS, instantOf } from "./log-dates.ts";
import { LONGEST_SILENCE_DAYS } from "./log-windows.ts";

/** How far two clocks may differ. */
const CLOCK_SECONDS = 300;

/** "unused" means no login in so many days, all of which the logs cover. */
export const UNUSED_AFTER_DAYS = 90;

/** What of a grant decides about its use. */
export type UsedGrant = {
  account: string;
  key: PublicKey | null;
  /** The line accepts certificates that the key has signed, and not the key. */
  isAuthority: boolean;
  /** How many lines of the account have the key for the same purpose, over all its files. */
  lineCount: number;
  /** Since when the line is known to exist unchanged; null if nothing shows it. */
  standsSince: () => Instant | null;
};

type World = {
  /** What this reading of the logs and the earlier ones found. */
  known: HostUse;
  /** What this reading found about the logs themselves. */
  evidence: Pick<LoginEvidence, "hiddenBy" | "notRead" | "elsewhere">;
  lastLogins: readonly LastLogin[];
  /** When the host was read, by its own clock, seconds since the epoch. */
  now: number;
};

/**
 * Is a grant used? By logins with its key to its account in the logs. "unused" is the answer only where the logs reach
 * back far enough without a gap; otherwise the answer is unknown, with the reason.
 */
export function evaluateUses({ known, evidence, lastLogins, now }: World): (grant: UsedGrant) => Use {
  const logins = new Map(known.logins.map((login) => [nameOf(login), login]));
  const { reach, evidence: strength } = findSurestReach(known.windows, now);
  const read = formatWindows(known.windows);

  return (grant) => {
    const names = grant.key ? [grant.key.fingerprint, md5Of(grant.key)] : [];
    const found = names.flatMap((fingerprint) => logins.get(nameOf({ ...grant, fingerprint })) ?? []);
    const last = found.reduce<KeyLogins | null>(
      (one, other) => (one && one.lastAt > other.lastAt ? one : other),
      null,
    );
    const isRecent = last !== null && now - toSeconds(last.lastAt) <= UNUSED_AFTER_DAYS * DAY_SECONDS;
    const coverage = {
      read: [...read, ...formatLastLogin(grant.account, lastLogins)],
      notRead: reach === null || reach.days < UNUSED_AFTER_DAYS || !isRecent ? evidence.notRead : [],
    };
    const inJournal = isInJournal(found, now);
    const fields = {
      at: last?.lastAt ?? null,
      from: last?.lastFrom ?? null,
      count: found.reduce((sum, { days }) => sum + countOf(days), 0),
      coverage,
    };
    if (last && isRecent) {
      const evidence: UseEvidence = inJournal ? "journal" : "file";
      const reasons = [...describeUsed(last, grant, fields.count), ...formatWeak(evidence)];
      return { ...fields, state: "used", evidence: evidence, reasons };
    }
    const past = last ? [`its last login in a log was on ${dayOf(last.lastAt)}`] : [];
    const doubt = findDoubt(grant, names, { evidence, reach, windows: known.windows });
    if (doubt !== null) return { ...fields, state: "unknown", evidence: null, reasons: [doubt, ...past] };
    const { days = 0, from = "", to = "" } = reach ?? {};
    const span = `${formatCount(days, "day")} of logs (${dayOf(from)} to ${dayOf(to)})`;
    const youth = last ? null : findYouth(grant, now);
    if (youth !== null)
      return { ...fields, state: "unknown", evidence: null, reasons: [youth, `no login with it in ${span}`] };
    const none = last ? "no login with it in the last" : "no login with it in";
    return {
      ...fields,
      state: "unused",
      evidence: strength,
      reasons: [
        last ? `${none} ${UNUSED_AFTER_DAYS} days, within ${span}` : `${none} ${span}`,
        ...past,
        ...formatWeak(strength),
      ],
    };
  };
}

/** Whether the journal shows a login that is recent enough to count as use. */
const isInJournal = (found: readonly KeyLogins[], now: number): boolean =>
  found.some(
    ({ lastInJournalAt }) =>
      lastInJournalAt !== null && now - toSeconds(lastInJournalAt) <= UNUSED_AFTER_DAYS * DAY_SECONDS,
  );

const formatWeak = (evidence: UseEvidence): string[] =>
  evidence === "journal"
    ? []
    : ["known from plain files alone, into which any user of that host can have lines written"];

/** The reach of the journal alone where it suffices; otherwise that of all logs. */
export function findSurestReach(
  windows: readonly LogWindow[],
  now: number,
): { reach: Reach | null; evidence: UseEvidence } {
  const ofJournal = windows.filter(({ source }) => evidenceOf(source) === "journal");
  const sure = findReach(ofJournal, now);
  if (sure !== null && sure.days >= UNUSED_AFTER_DAYS) return { reach: sure, evidence: "journal" };
  const isAll = ofJournal.length === windows.length;
  return { reach: findReach(windows, now), evidence: isAll ? "journal" : "file" };
}

/** Whole days. */
export type Reach = { days: number; from: string; to: string };
type Doubts = { evidence: World["evidence"]; reach: Reach | null; windows: readonly LogWindow[] };

/** Why no login in the logs does not mean "unused"; null where it does. */
function findDoubt(
  grant: UsedGrant,
  names: readonly string[],
  { evidence, reach, windows }: Doubts,
): string | null {
  if (!grant.key) return "no key could be read in the line, so no login is known to be with it";
  const name = names
    .map((fingerprint) => evidence.elsewhere.get(loginName({ ...grant, fingerprint })))
    .find((host) => host !== undefined);
  if (name !== undefined)
    return `the logs have a login with it on ${name}, which is not what this host calls itself`;
  if (evidence.hiddenBy !== null) return evidence.hiddenBy;
  if (windows.length === 0)
    return evidence.notRead.length > 0
      ? `no log shows logins for certain: ${evidence.notRead[0]}`
      : "no log of logins was found on the host";
  if (reach === null) {
    const last =
      windows
        .map(({ to }) => to)
        .sort()
        .at(-1) ?? "";
    return `the logs that could be read end on ${dayOf(last)}`;
  }
  if (reach.days >= UNUSED_AFTER_DAYS) return null;
  const length = reach.days === 0 ? "less than a day" : formatCount(reach.days, "day");
  return `the logs reach back ${length} without a gap, to ${dayOf(reach.from)}: to call it unused takes ${UNUSED_AFTER_DAYS} days`;
}

/** Why the line may be too new to be called unused; null where it is old enough. */
function findYouth({ standsSince }: UsedGrant, now: number): string | null {
  const since = standsSince();
  if (since !== null && now - toSeconds(since) >= UNUSED_AFTER_DAYS * DAY_SECONDS) return null;
  const known =
    since === null ? "when its line was written is not known" : `its line may be as new as ${dayOf(since)}`;
  return `${known}: to call it unused takes ${UNUSED_AFTER_DAYS} days`;
}

/**
 * The latest span of time for which the logs have every login: all logs together, for one may have what another lacks.
 * No log shows the future.
 */
export function findReach(windows: readonly LogWindow[], now: number): Reach | null {
  const end = instantOf(now + CLOCK_SECONDS);
  const past = windows.filter(({ to }) => end !== null && to <= end);
  const [last, ...older] = past.sort((one, other) => (one.to < other.to ? 1 : -1));
  if (!last || now - toSeconds(last.to) > LONGEST_SILENCE_DAYS * DAY_SECONDS) return null;
  let { from } = last;
  for (const window of older) if (window.to >= from && window.from < from) from = window.from;
  return { from, to: last.to, days: Math.floor((toSeconds(last.to) - toSeconds(from)) / DAY_SECONDS) };
}

function describeUsed(last: KeyLogins, { isAuthority, lineCount }: UsedGrant, count: number): string[] {
  const what = isAuthority ? "certificates that it signed" : "it";
  const from = last.lastFrom === null ? "" : `, from ${last.lastFrom}`;
  const since = dayOf(last.firstAt) === dayOf(last.lastAt) ? "" : `, since ${dayOf(last.firstAt)}`;
  return [
    `last login with ${what} on ${dayOf(last.lastAt)}${from}; ${formatCount(count, "login")}${since}`,
    ...(lineCount > 1
      ? [`logs name the key and not the line: ${lineCount} lines of this account hold it`]
      : []),
  ];
}

const formatWindows = (windows: readonly LogWindow[]): string[] =>
  [...windows]
    .sort((one, other) => (one.to < other.to ? 1 : -1))
    .map(({ source, from, to }) => `${source}: ${dayOf(from)} to ${dayOf(to)}`);

function formatLastLogin(account: string, all: readonly LastLogin[]): string[] {
  const own = all.filter((login) => login.account === account);
  return own.map(
    ({ at, source }) =>
      `${source}: ${account} was last logged in to on ${dayOf(new Date(at * 1000).toISOString())}, by whatever means`,
  );
}

const nameOf = ({
  account,
  fingerprint,
  isAuthority,
}: Pick<KeyLogins, "account" | "fingerprint" | "isAuthority">) =>
  JSON.stringify([account, fingerprint, isAuthority]);

/** As sshd writes it with `FingerprintHash md5`. */
const md5Of = ({ blob }: PublicKey): string => `MD5:${hash("md5", blob).replace(/(..)(?=.)/g, "$1:")}`;

const countOf = (days: KeyLogins["days"]): number => days.reduce((sum, [, count]) => sum + count, 0);
const toSeconds = (instant: string): number => Date.parse(instant) / 1000;
const dayOf = (instant: string): string => instant.slice(0, 10);
