import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import { spend } from "#domain/work-budget.ts";
import type { HostAccount, PasswordState, RatedAccount } from "#shared/model/access/account.ts";
import {
  highest,
  NO_RISK,
  type RecordedRisk,
  type RiskFactor,
  type RiskLevel,
  type RiskReason,
} from "#shared/model/access/risk.ts";
import type { Use } from "#shared/model/access/verdict.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";

/** What a reading of a host shows of one account. */
export type RiskEvidence = {
  /** `passwordSince`: when its password was last set; null where that is not known. */
  account: { passwordState: PasswordState; passwordSince: Instant | null };
  /** Its grants that let somebody in, or may. */
  grants: readonly RatedGrant[];
  /** No key of its own can have been missed. */
  areKeysRead: boolean;
  /** Whether certificates of an authority open it. */
  certificates: "yes" | "may" | "no";
  /** The private keys that it owns. */
  keyFiles: readonly { isEncrypted: boolean | null; isReadableByOthers: boolean }[];
  arePrivateKeysRead: boolean;
  /** The addresses of all logins that are known, and of those that a journal has. */
  addresses: { all: ReadonlySet<string>; inJournal: ReadonlySet<string> };
};

type RatedGrant = {
  /** Null where the line has no key that can be read. */
  fingerprint: string | null;
  /** It lets somebody in for certain. */
  isCertain: boolean;
  hasShell: boolean;
  /** Only some addresses may use it. */
  isLimitedByAddress: boolean;
  isUnused: boolean;
  /** Since when the line is known to stand. */
  since: Instant | null;
};

/** A reason with the level that it makes the factor. */
type Weighed = { reason: RiskReason; factor: RiskFactor };

/**
 * How an account is entered, how easily, and by how old a credential, as of a reading. A date is as old as it is known to be
 * then: a list in the order of risks is the same until the host is read again (0080).
 */
export function evaluateRisk(evidence: RiskEvidence, now: Date): RecordedRisk {
  const [entry, exposure, age] = [weighEntry(evidence), weighExposure(evidence), weighAge(evidence, now)];
  return {
    entry: sumUp(entry),
    exposure: sumUp(exposure),
    age: sumUp(age),
    arePrivateKeysRead: evidence.arePrivateKeysRead,
    reasons: { entry: reasonsOf(entry), exposure: reasonsOf(exposure), age: reasonsOf(age) },
  };
}

const sumUp = (weighed: readonly Weighed[]): RiskFactor =>
  weighed.reduce((sum, { factor }) => highest(sum, factor), NO_RISK);

const reasonsOf = (weighed: readonly Weighed[]): RiskReason[] => weighed.map(({ reason }) => reason);

const known = (level: RiskLevel): RiskFactor => ({ level, atMost: level });
const upTo = (atMost: RiskLevel): RiskFactor => ({ level: "none", atMost });
const only = (isKnown: boolean, level: RiskLevel): RiskFactor => (isKnown ? known(level) : upTo(level));

/** By the grants that let somebody in for certain, and at most by those that may. */
function ofGrants(
  grants: readonly RatedGrant[],
  levelOf: (some: readonly RatedGrant[]) => RiskLevel,
): RiskFactor {
  return { level: levelOf(grants.filter(({ isCertain }) => isCertain)), atMost: levelOf(grants) };
}

/** More keys than these are of the next level. */
const FEW_KEYS = 2;
const MANY_KEYS = 10;

function weighEntry({ account, grants, areKeysRead, certificates }: RiskEvidence): Weighed[] {
  const countOf = (some: readonly RatedGrant[]) => new Set(some.map(({ fingerprint }) => fingerprint)).size;
  const levelOf = (some: readonly RatedGrant[]): RiskLevel => {
    const count = countOf(some);
    return count > MANY_KEYS ? "high" : count > FEW_KEYS ? "medium" : count > 0 ? "low" : "none";
  };
  const count = countOf(grants);
  return [
    ...(count > 0 ? [{ reason: { what: "keys" as const, count }, factor: ofGrants(grants, levelOf) }] : []),
    ...(areKeysRead ? [] : [{ reason: KEYS_NOT_READ, factor: upTo("high") }]),
    ...(certificates === "no"
      ? []
      : [{ reason: { what: "certificates" as const }, factor: only(certificates === "yes", "medium") }]),
    ...weighPassword(account, { set: known("low"), none: known("low"), unknown: upTo("low") }),
  ];
}

const KEYS_NOT_READ: RiskReason = { what: "keys-not-read" };

/** That of a locked password is none. */
function weighPassword(
  { passwordState: state }: RiskEvidence["account"],
  factors: Record<"set" | "none" | "unknown", RiskFactor>,
): Weighed[] {
  return state === "locked" ? [] : [{ reason: { what: "password", state }, factor: factors[state] }];
}

/** From so many addresses an account is used from many. */
const MANY_ADDRESSES = 4;

function weighExposure(evidence: RiskEvidence): Weighed[] {
  const { account, grants, keyFiles, addresses, areKeysRead, arePrivateKeysRead } = evidence;
  const anywhere = grants.filter(({ hasShell, isLimitedByAddress }) => hasShell && !isLimitedByAddress);
  const open = keyFiles.filter(({ isEncrypted }) => isEncrypted === false);
  const weighFiles = (isReadableByOthers: boolean, level: RiskLevel): Weighed[] => {
    const count = open.filter((file) => file.isReadableByOthers === isReadableByOthers).length;
    const reason = { what: "open-key-files" as const, count, isReadableByOthers };
    return count === 0 ? [] : [{ reason, factor: known(level) }];
  };
  const isFromMany = addresses.inJournal.size >= MANY_ADDRESSES;
  return [
    ...weighFiles(true, "high"),
    ...(arePrivateKeysRead
      ? []
      : [{ reason: { what: "private-keys-not-read" as const }, factor: upTo("high") }]),
    ...weighPassword(account, { set: known("medium"), none: known("high"), unknown: upTo("high") }),
    ...(addresses.all.size >= MANY_ADDRESSES
      ? [
          {
            reason: { what: "addresses" as const, count: addresses.all.size, isSure: isFromMany },
            factor: only(isFromMany, "medium"),
          },
        ]
      : []),
    ...weighFiles(false, "low"),
    ...(anywhere.length > 0
      ? [
          {
            reason: { what: "from-anywhere" as const, count: anywhere.length },
            factor: ofGrants(anywhere, ({ length }) => (length > 0 ? "low" : "none")),
          },
        ]
      : []),
    ...(areKeysRead ? [] : [{ reason: KEYS_NOT_READ, factor: upTo("low") }]),
  ];
}

const DAY_MS = 86_400_000;
/** A credential that has stood for so many days is of the next level. */
const OLD_DAYS = 90;
const VERY_OLD_DAYS = 365;

function weighAge({ account, grants, areKeysRead, certificates }: RiskEvidence, now: Date): Weighed[] {
  const oldestOf = (some: readonly RatedGrant[]) => some.flatMap(({ since }) => since ?? []).sort()[0];
  const levelOf = (since: Instant | undefined) => (since === undefined ? "none" : levelOfAge(since, now));
  const [since, unused] = [oldestOf(grants), grants.filter(({ isUnused }) => isUnused)];
  const { passwordState, passwordSince } = account;
  const isPasswordUndated =
    passwordState === "unknown" || (passwordState === "set" && passwordSince === null);
  const isUndated =
    grants.some((grant) => grant.since === null) ||
    !areKeysRead ||
    certificates !== "no" ||
    isPasswordUndated;
  return [
    ...(since === undefined
      ? []
      : [
          {
            reason: { what: "oldest-key" as const, since },
            factor: ofGrants(grants, (some) => levelOf(oldestOf(some))),
          },
        ]),
    ...(unused.length > 0
      ? [
          {
            reason: { what: "unused-keys" as const, count: unused.length },
            factor: ofGrants(unused, ({ length }) => (length > 0 ? "medium" : "none")),
          },
        ]
      : []),
    ...(passwordState === "set" && passwordSince !== null
      ? [
          {
            reason: { what: "password-since" as const, since: passwordSince },
            factor: known(levelOfAge(passwordSince, now)),
          },
        ]
      : []),
    ...(isUndated ? [{ reason: { what: "age-not-known" as const }, factor: upTo("high") }] : []),
  ];
}

/** What is in the future by this computer's clock is new. */
function levelOfAge(since: Instant, now: Date): RiskLevel {
  const before = (days: number) => toInstant(new Date(now.getTime() - days * DAY_MS));
  return since <= before(VERY_OLD_DAYS) ? "high" : since <= before(OLD_DAYS) ? "medium" : "low";
}

type UsedGrant = { grant: EvaluatedGrant; use: Use };

/** What a reading of a host shows of all its accounts. */
type HostEvidence = {
  grants: readonly UsedGrant[];
  standsSince: (grant: EvaluatedGrant) => Instant | null;
  /** Accounts that certificates of an authority open, and those that they may. */
  certificatesOf: (account: string) => RiskEvidence["certificates"];
  /** Of an account keys may have been missed. */
  mayHaveMoreKeys: (account: HostAccount) => boolean;
  /** With the names of their owners, and the permission bits in octal. */
  keyFiles: readonly { path: string; owner: string; mode: string; isEncrypted: boolean | null }[];
  /** "root", "root by sudo" or the name of the account that read the host. */
  readAs: string;
  /** The reading was cut short. */
  isPartial: boolean;
  /** Where there may be a private key that was not read. */
  unreadableKeyLocations: readonly string[];
  /** All logins that are known. */
  logins: readonly {
    account: string;
    lastFrom: string | null;
    origins: readonly { from: string; lastInJournalAt: Instant | null }[];
  }[];
  now: Date;
};

/** The risk of each account, as far as this host shows it. */
export function evaluateRisks(accounts: readonly HostAccount[], evidence: HostEvidence): RatedAccount[] {
  const { certificatesOf, mayHaveMoreKeys, isPartial, now } = evidence;
  const open = evidence.grants.filter(({ grant: { verdict } }) => verdict.effective.state !== "no");
  const grantsOf = Map.groupBy(open, ({ grant: { account } }) => account);
  const filesOf = Map.groupBy(
    evidence.keyFiles.filter(({ path }) => !HOST_KEY.test(path)),
    ({ owner }) => owner,
  );
  const loginsOf = Map.groupBy(evidence.logins, ({ account }) => account);
  const areKeysRead = keySight(evidence);
  return accounts.map((account) => {
    const { name } = account;
    const [grants, files] = [grantsOf.get(name) ?? [], filesOf.get(name) ?? []];
    spend(STEPS * (1 + grants.length + files.length));
    return {
      ...account,
      risk: evaluateRisk(
        {
          account: {
            passwordState: account.passwordState,
            passwordSince: account.passwordAge?.changedAt ?? null,
          },
          grants: grants.map((one) => toGrantEvidence(one, evidence)),
          areKeysRead: !isPartial && !mayHaveMoreKeys(account),
          certificates: certificatesOf(name),
          keyFiles: files.map(({ isEncrypted, mode }) => ({
            isEncrypted,
            isReadableByOthers: (Number.parseInt(mode, 8) & FOR_OTHERS) !== 0,
          })),
          arePrivateKeysRead: areKeysRead(account),
          addresses: addressesOf(loginsOf.get(name) ?? []),
        },
        now,
      ),
    };
  });
}

/** Whether no private key of an account can have been missed. An ordinary account cannot read the homes of others. */
function keySight({
  readAs,
  isPartial,
  unreadableKeyLocations,
}: Pick<HostEvidence, "readAs" | "isPartial" | "unreadableKeyLocations">): (account: HostAccount) => boolean {
  const unreadable = new Set(unreadableKeyLocations);
  const above = new Set(unreadableKeyLocations.flatMap(listAbove));
  const isRoot = readAs === "root" || readAs === "root by sudo";
  return ({ name, home }) =>
    !isPartial &&
    (isRoot || readAs === name) &&
    !unreadable.has(home) &&
    !above.has(home) &&
    !listAbove(home).some((path) => unreadable.has(path));
}

const MOST_FOLDERS = 64;

/** The folders that a path lies in. */
function listAbove(path: string): string[] {
  const names = path.split("/").slice(1, MOST_FOLDERS);
  spend(names.length);
  return names.slice(0, -1).map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

const STEPS = 20;

const HOST_KEY = /^\/etc\/ssh\/ssh_host_[^/]*_key$/;

/** Any right of the group, or of everybody. */
const FOR_OTHERS = 0o077;

function toGrantEvidence(
  { grant, use }: UsedGrant,
  { standsSince }: HostEvidence,
): RiskEvidence["grants"][number] {
  const { state, gives, onlyFrom } = grant.verdict.effective;
  return {
    fingerprint: grant.key?.fingerprint ?? null,
    isCertain: state === "yes",
    hasShell: gives.length === 0 || gives.includes("shell"),
    isLimitedByAddress: onlyFrom.length > 0,
    isUnused: use.state === "unused",
    since: standsSince(grant),
  };
}

/** Into a plain file any user of the host can have lines of logins to any account written. */
const addressesOf = (logins: HostEvidence["logins"]): RiskEvidence["addresses"] => ({
  all: new Set(
    logins.flatMap(({ lastFrom, origins }) => [
      ...origins.map(({ from }) => from),
      ...(lastFrom === null ? [] : [lastFrom]),
    ]),
  ),
  inJournal: new Set(
    logins.flatMap(({ origins }) =>
      origins.flatMap(({ from, lastInJournalAt }) => (lastInJournalAt === null ? [] : [from])),
    ),
  ),
});
