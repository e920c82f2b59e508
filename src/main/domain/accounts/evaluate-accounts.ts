import type { Account, Collection } from "#domain/collection/collection.ts";
import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import { DAY_SECONDS, dayToInstant } from "#domain/use/log-dates.ts";
import { spend } from "#domain/work-budget.ts";
import type { Disabled, Disabling, HostAccount, KnownAccount } from "#shared/model/access/account.ts";
import type { PasswordAge } from "#shared/model/access/password-age.ts";
import type { HostReach } from "#shared/model/hosts/host-reach.ts";
import type { HostLogins, HostUse, KeyLogins } from "#shared/model/hosts/host-use.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { type AccountEvidence, evaluateKind, isForcedGrant, isLoginShell } from "./account-kind.ts";
import { evaluateRootStandings, findShownEscalations } from "./root-standing.ts";
import { type AccountWorkloads, areWorkloadsWhole, type WorkloadList } from "./workloads.ts";

/** A person who has a key: `person` tells apart two of one name. */
export type KeyPerson = { person: number; name: string };

type Evidence = {
  grants: readonly EvaluatedGrant[];
  reach: Pick<HostReach, "escalations" | "areRulesRead">;
  /** Logins that this reading shows. */
  use: HostLogins;
  /** Logins by key over all readings. */
  known: HostUse;
  /** Who has a key, by people sources; each person once. */
  peopleOf: (fingerprint: string) => readonly KeyPerson[];
  /** Null: what runs there was not read. */
  workloads: AccountWorkloads | null;
  /** Accounts that certificates of an authority open, or may. */
  byCertificate: ReadonlySet<string>;
  /** Until when a login can have been: nothing is known of the future. */
  now: Instant;
  /** What earlier readings know of each account. */
  knownAccounts: ReadonlyMap<string, KnownAccount>;
};

/** The accounts of a host, each with its kind, what runs as it, who gets in, and whether it is as good as root. */
export function evaluateAccounts(collection: Collection, evidence: Evidence): HostAccount[] {
  const { accounts } = collection;
  const open = evidence.grants.filter(({ verdict }) => verdict.effective.state !== "no");
  const grantsOf = Map.groupBy(open, ({ account }) => account);
  const found = evidence.workloads;
  const isWhole = areWorkloadsWhole(collection, found);
  const mayHaveMoreKeys = findUnreadableKeys(collection);
  const rootOf = evaluateRootStandings(accounts, evidence.reach);
  const shownEscalations = findShownEscalations(accounts, evidence.reach);
  const loginOf = findLastLogins(collection, evidence);
  const at = evidence.now;
  const now = collection.facts.unixTime ?? Math.floor(Date.parse(at) / 1_000);
  const peopleIn = peopleFinder(evidence);
  return accounts.map((account) => {
    spend(STEPS);
    const { name, uid, shell, home, passwordState, isShellUsable } = account;
    const grants = grantsOf.get(name) ?? [];
    const { workloads, count } = found?.ofAccount.get(name) ?? NOTHING;
    const keys = { count: grants.length, forced: grants.filter(isForcedGrant).length };
    const lastLoginAt = loginOf.get(name) ?? null;
    return {
      name,
      uid,
      shell,
      home,
      groups: account.groups ?? [],
      passwordState,
      passwordAge: describePasswordAge(account),
      ...evaluateKind(
        {
          name,
          uid,
          shell,
          isShellUsable,
          passwordState,
          workloads: isWhole || workloads.length > 0 ? workloads : null,
          keys: keys.count === 0 && mayHaveMoreKeys(account) ? null : keys,
          isEnteredOtherwise: lastLoginAt !== null || evidence.byCertificate.has(name),
          people: uid === 0 || mayHaveMoreKeys(account) ? null : peopleIn(name, grants),
        },
        collection.workloads?.uids,
      ),
      root: rootOf.get(name) ?? "unknown",
      isEscalationShown: uid !== 0 && shownEscalations.has(name),
      workloads,
      workloadCount: count,
      grantCount: grants.length,
      lastLoginAt,
      disabled: evaluateDisabled(account, evidence.knownAccounts.get(name) ?? null, { now, at }),
    };
  });
}

type AccountHome = { name: string; home: string };

/** Of which accounts a file of keys, or the home with it, could not be read. */
export function findUnreadableKeys({
  authorizedKeys,
  unreadable,
}: Collection): (account: AccountHome) => boolean {
  const names = new Set(
    authorizedKeys.flatMap(({ whyUnreadable, accounts }) => (whyUnreadable === null ? [] : accounts)),
  );
  const homes = new Set(unreadable.flatMap(({ kind, path }) => (kind === "home" ? [path] : [])));
  const isCut = unreadable.some(({ kind }) => kind === "limit");
  return ({ name, home }) => isCut || names.has(name) || homes.has(home);
}

/** The steps for a key that is looked for among those of people. */
const STEPS_OF_KEY = 5;

/** Whose the keys of an account are: one person's, or several people's, where each key is known to be somebody's. */
function peopleFinder({ known, peopleOf }: Evidence) {
  const loginsOf = Map.groupBy(known.logins, ({ account }) => account);
  const found = new Map<string, readonly KeyPerson[]>();
  const findOnce = (fingerprint: string): readonly KeyPerson[] => {
    const people = found.get(fingerprint) ?? peopleOf(fingerprint);
    spend(STEPS_OF_KEY);
    found.set(fingerprint, people);
    return people;
  };
  return (account: string, grants: readonly EvaluatedGrant[]): AccountEvidence["people"] => {
    spend(grants.length);
    const ofKeys = grants.map(({ key, isAuthority }) =>
      key === null || isAuthority ? [] : findOnce(key.fingerprint),
    );
    const all = new Map(ofKeys.flat().map(({ person, name }) => [person, name]));
    const isAll = ofKeys.every(({ length }) => length > 0);
    if (all.size > 1) return { what: "several-people", count: all.size, isAll };
    const [one] = all;
    if (one === undefined || !isAll) return null;
    const [person, name] = one;
    const logins = loginsOf.get(account) ?? [];
    const isTheirs = ({ fingerprint, isAuthority }: KeyLogins) =>
      !isAuthority && findOnce(fingerprint).some((one) => one.person === person);
    return {
      what: "one-person",
      person: name,
      isUsed: logins.length > 0 && logins.every(isTheirs),
    };
  };
}

const NOTHING: WorkloadList = { workloads: [], count: 0 };

const STEPS = 50;

/** The latest login of each account: as the logs of sshd and su have it, or as lastlog and its like do. */
function findLastLogins(
  { lastLogins }: Collection,
  { use, now }: Pick<Evidence, "use" | "now">,
): ReadonlyMap<string, Instant> {
  const last = new Map<string, Instant>();
  const add = (account: string, at: Instant) => {
    const bound = at < now ? at : now;
    if (bound > (last.get(account) ?? "")) last.set(account, bound);
  };
  for (const { account, lastAt } of [...use.logins, ...use.others]) add(account, lastAt);
  for (const { account, at } of lastLogins) add(account, toInstant(new Date(at * 1_000)));
  return last;
}

/** `now`: by the host's clock, seconds since the epoch. `at`: when it was read, by our clock. */
type Moment = { now: number; at: Instant };

/**
 * Whether somebody has disabled an account. A locked password or a shell that lets nobody in is how services and bots
 * are made, so these count only where an earlier reading found it otherwise; an expiry has been set by somebody. What
 * this reading could not read is as it was. Each is since its own reading: a login from before an expiry is none after it.
 */
export function evaluateDisabled(
  account: Account,
  known: KnownAccount | null,
  { now, at }: Moment,
): Disabled[] {
  // Another number is another account of the same name.
  const before = known?.uid === account.uid ? known : null;
  const sinceOf = new Map(before?.disabled.map(({ by, since }) => [by, since]));
  const was = (by: Disabling): boolean => sinceOf.has(by);
  const by: Disabling[] = [
    ...(isExpired(account, now, was("expired")) ? ["expired" as const] : []),
    ...(isLocked(account, before, was("password-locked")) ? ["password-locked" as const] : []),
    ...(isShellGone(account, before, was("no-login-shell")) ? ["no-login-shell" as const] : []),
  ];
  return by.map((one) => ({ by: one, since: sinceOf.get(one) ?? at }));
}

/** From the day that shadow(5) has as its expiry, PAM lets nobody in. */
function isExpired({ expiresOnDay }: Account, now: number, was: boolean): boolean {
  if (expiresOnDay === "unknown") return was;
  return expiresOnDay !== null && now >= expiresOnDay * DAY_SECONDS;
}

function isLocked({ passwordState }: Account, before: KnownAccount | null, was: boolean): boolean {
  if (passwordState === "unknown") return was;
  return (
    passwordState === "locked" && (was || before?.passwordState === "set" || before?.passwordState === "none")
  );
}

const isShellGone = ({ shell, isShellUsable }: Account, before: KnownAccount | null, was: boolean): boolean =>
  isLoginShell(shell, isShellUsable) === false &&
  (was || (before !== null && isLoginShell(before.shell, true) === true));

/** From so many days on, tools that show passwords say that they never expire. */
const NEVER_DAYS = 10_000;

/** How old the password of an account may become, and when the account expires; null where root alone could have read it. */
export function describePasswordAge({ passwordAge, expiresOnDay, agedOnDay }: Account): PasswordAge | null {
  if (passwordAge === null) return null;
  const { changedDay, leastDays, mostDays, warningDays, graceDays } = passwordAge;
  const mustChange = changedDay === 0;
  const isEndless = mostDays === null || mostDays >= NEVER_DAYS;
  const hasAge = changedDay !== null && !mustChange;
  return {
    changedAt: hasAge ? dayToInstant(changedDay) : null,
    mustChange,
    leastDays,
    mostDays,
    warningDays,
    graceDays,
    tooOldAt: hasAge && !isEndless ? dayToInstant(changedDay + mostDays) : null,
    refusedAt: agedOnDay === "unknown" ? null : dayToInstant(agedOnDay),
    accountExpiresAt: expiresOnDay === "unknown" ? null : dayToInstant(expiresOnDay),
  };
}
