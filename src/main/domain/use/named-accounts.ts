import {
  type KnownLogins,
  keyOfAccount,
  type NamedAccount,
  type NameSpan,
} from "#shared/model/access/login.ts";
import type { Instant } from "#shared/model/instant.ts";

/* Logs have the names of accounts alone: whose a login was goes by when readings found which uid under the name. */

type NamedLogin = { account: string; lastAt: Instant };

/** Of accounts that nothing has listed the uid is null. */
export function accountOf({ names }: KnownLogins, { account, lastAt }: NamedLogin): NamedAccount {
  const all = names.get(account) ?? [];
  const span = all.find(({ until }) => until === null || lastAt <= until) ?? all.at(-1);
  return { account, uid: span?.uid ?? null };
}

export const keyOfLogin = (known: KnownLogins, login: NamedLogin): string =>
  keyOfAccount(accountOf(known, login));

/** The account that has the name now. */
export const presentAccount = ({ names }: KnownLogins, account: string): NamedAccount => ({
  account,
  uid: names.get(account)?.at(-1)?.uid ?? null,
});

/** Since when an account is known to be there; undefined where it is not, or is gone. */
export const sinceOf = ({ names }: KnownLogins, { account, uid }: NamedAccount): Instant | undefined =>
  names.get(account)?.find((span) => span.uid === uid)?.since ?? undefined;

/** Another account had its name before. */
export function hasPredecessor({ names }: KnownLogins, { account, uid }: NamedAccount): boolean {
  const [first] = names.get(account) ?? [];
  return first !== undefined && first.uid !== uid;
}

/** With the accounts that a reading lists: those that it is the first to see are there since now. */
export function withListed(
  known: KnownLogins,
  accounts: readonly { name: string; uid: number }[],
  at: Instant,
): KnownLogins {
  const names = new Map(known.names);
  for (const { name, uid } of accounts) {
    const before = names.get(name) ?? [];
    names.set(name, [...before.slice(0, -1), ...hold(before.at(-1), { uid, at })]);
  }
  return { ...known, names };
}

function hold(last: NameSpan | undefined, { uid, at }: { uid: number; at: Instant }): NameSpan[] {
  const now: NameSpan = { uid, since: at, until: null, lastSeenAt: at };
  if (last === undefined) return [now];
  if (last.uid === uid) return [{ ...last, since: last.since ?? at }];
  return [{ ...last, until: last.lastSeenAt }, now];
}
