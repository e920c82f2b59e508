import {
  type HostUse,
  type KeyLogins,
  type LoginOrigin,
  type LogWindow,
  MOST_ORIGINS,
} from "#shared/model/host-use.ts";

/** Logins are counted for so many days before the last of them; of older ones only the first is remembered. */
const MOST_DAYS = 400;

/**
 * What is known of a host's logins, and what one more reading of its logs tells. The order of readings does not
 * matter, and the same reading twice changes nothing: a day counts as often as the reading that saw most of it says.
 */
export function mergeUse(known: HostUse, seen: HostUse): HostUse {
  const logins = new Map(known.logins.map((login) => [keyOf(login), login]));
  for (const login of seen.logins) {
    const before = logins.get(keyOf(login));
    logins.set(keyOf(login), before ? mergeLogins(before, login) : login);
  }
  return { logins: [...logins.values()], windows: mergeWindows([...known.windows, ...seen.windows]) };
}

export const keyOf = ({ account, fingerprint, isAuthority }: KeyLogins): string =>
  JSON.stringify([account, fingerprint, isAuthority]);

function mergeLogins(one: KeyLogins, other: KeyLogins): KeyLogins {
  const [older, younger] = one.lastAt <= other.lastAt ? [one, other] : [other, one];
  const counts = new Map(one.days);
  for (const [day, count] of other.days) counts.set(day, Math.max(count, counts.get(day) ?? 0));
  const days = [...counts].sort(([first], [second]) => first - second);
  const oldest = (days.at(-1)?.[0] ?? 0) - MOST_DAYS;
  return {
    ...younger,
    firstAt: compare(one.firstAt, other.firstAt) < 0 ? one.firstAt : other.firstAt,
    lastInJournalAt: laterOf(one.lastInJournalAt, other.lastInJournalAt),
    lastFrom: younger.lastFrom ?? (older.lastAt === younger.lastAt ? older.lastFrom : null),
    origins: mergeOrigins([...one.origins, ...other.origins]),
    days: days.filter(([day]) => day > oldest),
  };
}

function mergeOrigins(all: readonly LoginOrigin[]): LoginOrigin[] {
  const merged = [...Map.groupBy(all, ({ from }) => from)].map(([from, same]) => ({
    from,
    lastAt: same.map(({ lastAt }) => lastAt).reduce((one, other) => (compare(one, other) < 0 ? other : one)),
    lastInJournalAt: same.reduce<string | null>(
      (latest, { lastInJournalAt }) => laterOf(latest, lastInJournalAt),
      null,
    ),
  }));
  return merged.sort(byStrength).slice(0, MOST_ORIGINS);
}

const byStrength = (one: LoginOrigin, other: LoginOrigin): number =>
  Number(one.lastInJournalAt === null) - Number(other.lastInJournalAt === null) ||
  compare(other.lastAt, one.lastAt);

const laterOf = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;

/** Windows of one log that overlap or touch are one; between others something may have been lost. */
export function mergeWindows(windows: readonly LogWindow[]): LogWindow[] {
  const merged: LogWindow[] = [];
  const inOrder = [...windows].sort(
    (one, other) => compare(one.source, other.source) || compare(one.from, other.from),
  );
  for (const window of inOrder) {
    const before = merged.at(-1);
    if (before?.source === window.source && window.from <= before.to)
      merged[merged.length - 1] = {
        ...before,
        to: compare(window.to, before.to) > 0 ? window.to : before.to,
      };
    else merged.push(window);
  }
  return merged;
}

const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
