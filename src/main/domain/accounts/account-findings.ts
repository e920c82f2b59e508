import type { Account, Collection } from "#domain/collection/collection.ts";
import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import { findSurestReach, type Reach, UNUSED_AFTER_DAYS } from "#domain/use/evaluate-use.ts";
import { DAY_SECONDS } from "#domain/use/log-dates.ts";
import { spend } from "#domain/work-budget.ts";
import type { Disabling, HostAccount, KnownAccount } from "#shared/model/access/account.ts";
import type { FindingDraft, RuleId } from "#shared/model/finding.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import type { HostLogins, KeyLogins, OtherLogins, UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import {
  describeBecomesRoot,
  describeDisabledInUse,
  describeUnusedAccount,
  describeUsedByPerson,
  type LoginFact,
} from "#shared/text/findings/account-finding.ts";
import { isForcedGrant, isLoginShell } from "./account-kind.ts";

/** What is known of logins to the accounts of a host. */
export type AccountLogins = {
  /** The logins of this reading and all earlier ones. */
  known: HostLogins;
  /** Why a missing login shows nothing; null where it may. */
  hiddenBy: string | null;
  /** Accounts of which a log has a login under another name of the host. */
  elsewhere: ReadonlySet<string>;
  /** When the host was read, by its own clock, and how far that is ahead of ours, in seconds. */
  now: number;
  ahead: number;
};

/** What is known beside the accounts themselves. */
export type AccountFindingEvidence = AccountLogins & {
  grants: readonly EvaluatedGrant[];
  reach: { escalations: readonly Escalation[] };
  knownAccounts: ReadonlyMap<string, KnownAccount>;
  /** The person whom a people source has with a key; null for none. */
  personOf: (fingerprint: string) => string | null;
};

/** What a reading does not show, neither way: a finding of it stays as it was. */
export type Unsettled = { rule: RuleId; account: string };

/** The findings about the accounts of a host that follow from its readings alone. */
export function findAccountProblems(
  collection: Collection,
  accounts: readonly HostAccount[],
  evidence: AccountFindingEvidence,
): { drafts: FindingDraft[]; unsettled: Unsettled[] } {
  const { known, grants, reach } = evidence;
  const all: OfAccount = {
    steps: Map.groupBy(reach.escalations, ({ account }) => account),
    keys: Map.groupBy(known.logins, ({ account }) => account),
    others: Map.groupBy(known.others, ({ account }) => account),
    grants: Map.groupBy(grants, ({ account }) => account),
    read: new Map(collection.accounts.map((account) => [account.name, account])),
    recorded: new Map(collection.lastLogins.map(({ account, at }) => [account, at])),
    reach: findSurestReach(known.windows, evidence.now),
  };
  const drafts: FindingDraft[] = [];
  const unsettled: Unsettled[] = [];
  for (const account of accounts) {
    spend(STEPS);
    const found = {
      "account-disabled-in-use": findDisabledInUse(account, all, evidence),
      "account-used-by-person": findUsedByPerson(account, all, { ...evidence, collection }),
      "account-unused": findUnused(account, all, evidence),
      "account-becomes-root": findBecomesRoot(account, all),
    };
    for (const [rule, one] of Object.entries(found) as [RuleId, FindingDraft | "unknown" | null][])
      if (one === "unknown") unsettled.push({ rule, account: account.name });
      else if (one !== null) drafts.push(one);
  }
  return { drafts, unsettled };
}

const STEPS = 30;

type OfAccount = {
  /** What lets each act as another one. */
  steps: ReadonlyMap<string, readonly Escalation[]>;
  keys: ReadonlyMap<string, readonly KeyLogins[]>;
  others: ReadonlyMap<string, readonly OtherLogins[]>;
  grants: ReadonlyMap<string, readonly EvaluatedGrant[]>;
  read: ReadonlyMap<string, Account>;
  /** The last login by lastlog and its like, which root alone writes; seconds since the epoch. */
  recorded: ReadonlyMap<string, number>;
  reach: { reach: Reach | null; evidence: UseEvidence };
};

/** How far two clocks may differ. */
const CLOCK_SECONDS = 300;

const toSeconds = (instant: Instant): number => Date.parse(instant) / 1_000;

/** A login as it counts from this evidence: by the journal alone, or by whatever log. */
type Login = LoginFact & { evidence: UseEvidence };

/** The logins that are later than `after`, by the host's clock, the surest first. */
function loginsSince(name: string, { keys, others }: OfAccount, after: number): Login[] {
  const logins = [
    ...(keys.get(name) ?? []).map((login) => ({
      ...login,
      how: login.isAuthority ? ("certificate" as const) : ("key" as const),
      by: login.fingerprint,
    })),
    ...(others.get(name) ?? []).map((login) => ({ ...login, how: login.method })),
  ];
  return logins
    .flatMap(({ how, by, lastAt, lastInJournalAt, lastFrom, origins }): Login[] => {
      const isSure = lastInJournalAt !== null && toSeconds(lastInJournalAt) > after;
      if (!isSure && toSeconds(lastAt) <= after) return [];
      const at = isSure ? lastInJournalAt : lastAt;
      const from =
        at === lastAt ? lastFrom : (origins.find((one) => one.lastInJournalAt === at)?.from ?? null);
      return [{ how, by, at, from, evidence: isSure ? "journal" : "file" }];
    })
    .toSorted((one, other) => rankOf(one) - rankOf(other) || (one.at < other.at ? 1 : -1));
}

/**
 * What a finding about logins is about, so that an acceptance covers these alone: the account's number, who came in, and
 * whether the journal says so. Where it does, what plain files say beside it is no part of it: anybody writes there.
 */
const membersOf = (uid: number, logins: readonly Login[]): string[] => {
  const isSure = logins.some(({ evidence }) => evidence === "journal");
  const counted = logins.filter(({ evidence }) => !isSure || evidence === "journal");
  return [
    ofNumber(uid),
    ...(isSure ? ["in the journal"] : []),
    ...new Set(counted.map(({ how, by }) => `by ${how} ${by}`.trim())),
  ];
};

/** Under another number it is another account. */
const ofNumber = (uid: number): string => `uid ${uid}`;

const rankOf = ({ evidence }: Login): number => (evidence === "journal" ? 0 : 1);

/** A locked password keeps no key out. What only plain files tell, anybody of the host can have written. */
const weighUse = (by: Disabling, login: Login): FindingDraft["severity"] => {
  if (login.evidence === "file") return "low";
  return by === "password-locked" && isByKey(login) ? "medium" : "high";
};

/** The worst login that is later than what disabled the account: of each reason, those since it was there alone. */
function findDisabledInUse(
  { name, uid, disabled }: HostAccount,
  all: OfAccount,
  { ahead }: AccountFindingEvidence,
): FindingDraft | null {
  const uses = disabled
    .flatMap((one) =>
      loginsSince(name, all, toSeconds(one.since) + ahead + CLOCK_SECONDS).map((login) => ({
        one,
        login,
        severity: weighUse(one.by, login),
      })),
    )
    .toSorted((a, b) => {
      const worse = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
      return worse === 0 ? (a.login.at < b.login.at ? 1 : -1) : worse;
    });
  const [worst] = uses;
  if (!worst) return null;
  const { login, severity } = worst;
  const isWorst = (other: Login) => other.how === login.how && other.by === login.by && other.at === login.at;
  const logins = uses.map((use) => use.login);
  return {
    about: { kind: "account", name },
    label: name,
    rule: "account-disabled-in-use",
    severity,
    members: [...membersOf(uid, logins), ...new Set(uses.map(({ one }) => `disabled ${one.by}`))],
    ...describeDisabledInUse({
      disabled: uses.filter((use) => isWorst(use.login)).map(({ one }) => one),
      login,
      evidence: login.evidence,
    }),
  };
}

const SEVERITIES: readonly FindingDraft["severity"][] = ["high", "medium", "low"];

/** The kind is unknown because of what was not read, and not because the signs disagree. */
const isKindUnreadable = ({ kind, reasons, passwordState }: HostAccount): boolean =>
  kind === "unknown" &&
  (passwordState === "unknown" ||
    reasons.some(({ what }) => what === "workloads-not-read" || what === "keys-not-read"));

const isByKey = ({ how }: LoginFact): boolean => how === "key" || how === "certificate";

const TYPED: ReadonlySet<LoginFact["how"]> = new Set(["password", "keyboard-interactive"]);

/**
 * A service's or a bot's account that a person logs in to: by what was typed, or by the key of somebody of a people
 * source whose line gives a shell. Of this scan's own login nobody knows who was behind it.
 */
function findUsedByPerson(
  account: HostAccount,
  all: OfAccount,
  { now, personOf, collection }: AccountFindingEvidence & { collection: Collection },
): FindingDraft | "unknown" | null {
  const { name, uid, kind } = account;
  if (isKindUnreadable(account)) return "unknown";
  if (kind !== "service" && kind !== "bot") return null;
  const { loginKey, loginAccount } = collection;
  const recent = loginsSince(name, all, now - UNUSED_AFTER_DAYS * DAY_SECONDS);
  const shells = new Set(
    (all.grants.get(name) ?? []).flatMap((grant) =>
      isForcedGrant(grant) || grant.verdict.effective.state === "no" ? [] : (grant.key?.fingerprint ?? []),
    ),
  );
  const uses = recent.flatMap((login) => {
    const { how, by } = login;
    const isOwn = name === loginAccount && by === loginKey;
    const person = how === "key" && shells.has(by) && !isOwn ? personOf(by) : null;
    return person === null && !TYPED.has(how) ? [] : [{ login, person }];
  });
  const [use] = uses;
  if (!use) return null;
  const { evidence } = use.login;
  return {
    about: { kind: "account", name },
    label: name,
    rule: "account-used-by-person",
    severity: evidence === "file" ? "low" : "medium",
    members: membersOf(
      uid,
      uses.map(({ login }) => login),
    ),
    ...describeUsedByPerson({ kind, person: use.person, login: use.login, evidence }),
  };
}

/** Any user of the host can have had a line of it written; it counts for nothing where the journal tells all. */
const isSure = ({ how, evidence }: Login): boolean => evidence === "journal" && how !== "su";

/**
 * A service's or a bot's account with a login shell to which nobody has logged in for 90 days, all of which the logs
 * cover. Where it has a password, no log is known to have every login. What any user can have had written of a login
 * makes it a hint where the journal covers all. Where plain files alone tell of logins it counts as one, and ends the
 * finding: an account in use that is called unused gets disabled.
 */
function findUnused(
  account: HostAccount,
  all: OfAccount,
  { now, hiddenBy, elsewhere, knownAccounts }: AccountFindingEvidence,
): FindingDraft | "unknown" | null {
  const { name, uid, kind, shell, passwordState, lastLoginAt, workloadCount } = account;
  if (isKindUnreadable(account) || passwordState === "unknown") return "unknown";
  const isMachine = kind === "service" || kind === "bot";
  if (!isMachine || passwordState !== "locked") return null;
  if (isLoginShell(shell, all.read.get(name)?.isShellUsable ?? null) !== true) return null;
  const before = now - UNUSED_AFTER_DAYS * DAY_SECONDS;
  const { reach, evidence } = all.reach;
  const logins = loginsSince(name, all, before);
  const isClaimed = logins.length > 0 || (lastLoginAt !== null && toSeconds(lastLoginAt) > before);
  const isUsed = logins.some(isSure) || (all.recorded.get(name) ?? 0) > before;
  if (isUsed || (isClaimed && evidence === "file")) return null;
  const firstSeen = knownAccounts.get(name)?.firstSeen ?? null;
  const isOld = firstSeen !== null && toSeconds(firstSeen) <= before;
  if (reach === null || reach.days < UNUSED_AFTER_DAYS || !isOld || hiddenBy !== null || elsewhere.has(name))
    return "unknown";
  return {
    about: { kind: "account", name },
    label: name,
    rule: "account-unused",
    severity: evidence === "file" || isClaimed ? "info" : "low",
    members: [ofNumber(uid)],
    ...describeUnusedAccount({ kind, shell, reach, evidence, lastLoginAt, workloadCount, isClaimed }),
  };
}

/**
 * A service's or a bot's account that becomes root, by a first step for which nobody types a password: sudo or doas without
 * one, or a group whose members write to a socket or a disk that makes root of them.
 */
function findBecomesRoot(account: HostAccount, { steps }: OfAccount): FindingDraft | "unknown" | null {
  const { name, uid, kind, root, grantCount } = account;
  if (isKindUnreadable(account) || root === "unknown") return "unknown";
  if ((kind !== "service" && kind !== "bot") || root !== "becomes-root") return null;
  const first = (steps.get(name) ?? []).filter(
    ({ commands, shell, password, isCertain }) =>
      isCertain && password === "none" && (commands === "any" || shell !== null),
  );
  if (first.length === 0) return null;
  return {
    about: { kind: "account", name },
    label: name,
    rule: "account-becomes-root",
    severity: grantCount > 0 ? "medium" : "low",
    members: [ofNumber(uid), ...new Set(first.map(({ by, target }) => `${target} by ${by}`))],
    ...describeBecomesRoot({ kind, steps: first.slice(0, MOST_STEPS), grantCount }),
  };
}

const MOST_STEPS = 5;
