import type { AccountLogins } from "#domain/accounts/account-findings.ts";
import type { KeyPerson } from "#domain/accounts/evaluate-accounts.ts";
import type { Collection, Unreadable } from "#domain/collection/collection.ts";
import { findShownBy } from "#domain/deployment-status/find-shown-by.ts";
import { chosenNames, type HostMap } from "#domain/deployment-status/host-map.ts";
import { listBindings } from "#domain/deployment-status/list-bindings.ts";
import { expiringFrom, isForClients, isOverPublicLimit } from "#domain/findings/certificate-findings.ts";
import { type Authority, areAuthoritiesKnown } from "#domain/ssh/authorities.ts";
import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import { evaluateUses } from "#domain/use/evaluate-use.ts";
import { accountsIn, findLogins, type LoginEvidence, withoutFuture } from "#domain/use/find-logins.ts";
import { dayToInstant, instantOf } from "#domain/use/log-dates.ts";
import type { ScanLogin } from "#domain/use/login-baseline.ts";
import { withListed } from "#domain/use/named-accounts.ts";
import { type KeyOnlyAccounts, observeLogins } from "#domain/use/observe-logins.ts";
import { evaluateWithin, WorkBudgetSpent, withinBudget } from "#domain/work-budget.ts";
import { sshFingerprintOf } from "#domain/x509/keys.ts";
import type { KnownAccount } from "#shared/model/access/account.ts";
import type { KnownLogins } from "#shared/model/access/login.ts";
import type { Use } from "#shared/model/access/verdict.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { HostLogins, LogWindow } from "#shared/model/hosts/host-use.ts";
import { type Instant, MOST_AHEAD_SECONDS, toInstant } from "#shared/model/instant.ts";
import type { CollectedDisk, CollectedHost, SeenCertificate } from "#store/probe-record.ts";

/** What earlier scans know of the host, and people sources of its keys. */
export type Memory = {
  /** What is known of its logins, merged with one more reading. */
  recallUse: (seen: HostLogins) => HostLogins;
  /** Since when each line is known to be there; null for a new one. */
  recallAges: () => (grant: EvaluatedGrant) => Instant | null;
  recallAccounts: () => ReadonlyMap<string, KnownAccount>;
  /** Who has a key, by the people sources of today. */
  peopleOf: (fingerprint: string) => readonly KeyPerson[];
  /** What is known of each login, with the windows of one more reading. */
  recallLogins: (windows: readonly LogWindow[]) => KnownLogins;
};

type DescribedLogins = {
  logins: CollectedHost["logins"];
  notRead: CollectedHost["coverage"]["notRead"];
};

type DescribedUse = DescribedLogins & {
  use: HostLogins;
  useOf: (grant: EvaluatedGrant) => Use;
  /** Since when a line is known to stand; null where nothing shows it. */
  standsSince: (grant: EvaluatedGrant) => Instant | null;
  read: string[];
  /** What findings about accounts go by. */
  evidence: AccountLogins;
};

/** A scan's login may precede its reading of the logs by this many seconds, since scans wait for each other. */
const OWN_LOGIN_SECONDS = 600;

/** The part of the budget that logins which stand out may use. */
const LOGIN_STEPS = 4_000_000;

/**
 * Returns the logins that the logs of this reading show, and whether each grant is used, by these and all earlier logs.
 */
export function describeUse(
  collection: Collection,
  grants: readonly EvaluatedGrant[],
  { at, recallUse, recallAges, recallAccounts, recallLogins }: Memory & { at: Date },
): DescribedUse {
  const ownNow = Math.floor(at.getTime() / 1000);
  const hostNow = collection.facts.unixTime ?? ownNow;
  const clocks = { ahead: hostNow - ownNow, now: ownNow };
  const { logins, others, windows, ...evidence } = withoutFuture(findLogins(collection, at), clocks);
  const use = { logins, others, windows };
  const own = describeOwnLogin(collection, hostNow);
  const now = clocks.ahead > MOST_AHEAD_SECONDS ? ownNow : hostNow;
  const known = recallUse(use);
  const evaluate = evaluateUses({ known, evidence, lastLogins: collection.lastLogins, now });
  const lines = Map.groupBy(grants, nameOf);
  const writtenOn = new Map(collection.authorizedKeys.map(({ path, writtenDay }) => [path, writtenDay]));
  let ageOf: ReturnType<Memory["recallAges"]> | null = null;
  const standsSince = (grant: EvaluatedGrant) => {
    ageOf ??= recallAges();
    return findOldest([dayToInstant(writtenOn.get(grant.file) ?? null), ageOf(grant)]);
  };
  return {
    use,
    ...describeLogins(evidence, {
      own,
      keyOnly: () => findKeyOnly(collection.accounts, grants, recallAccounts()),
      known: () => withListed(recallLogins(windows), collection.accounts, toInstant(at)),
    }),
    useOf: (grant) =>
      evaluate({
        ...grant,
        lineCount: lines.get(nameOf(grant))?.length ?? 1,
        standsSince: () => standsSince(grant),
      }),
    standsSince,
    read: windows.map(
      ({ source, from, to }) => `logins in ${source}, from ${from.slice(0, 10)} to ${to.slice(0, 10)}`,
    ),
    evidence: {
      known,
      hiddenBy: evidence.hiddenBy,
      elsewhere: accountsIn(evidence.elsewhere),
      now,
      ahead: clocks.ahead,
    },
  };
}

/** The days with logins, and which of them stand out. */
function describeLogins(
  { days, bursts, completeSince, leftOut }: Logged,
  { own, keyOnly, known }: { own: ScanLogin; keyOnly: () => KeyOnlyAccounts; known: () => KnownLogins },
): DescribedLogins {
  const observed = evaluateWithin(
    LOGIN_STEPS,
    () => observeLogins({ days, bursts, own, completeSince, keyOnly: keyOnly() }, known()),
    () => null,
  );
  const what = "logins that stand out";
  return {
    logins: {
      days: (observed?.days ?? days).map(({ lines: _, ...day }) => day),
      reading: observed && { spans: observed.spans, observed: observed.observed },
    },
    notRead: [
      ...leftOut.map((why) => ({ what: "logins", why })),
      ...(observed === null ? [{ what, why: "too much to evaluate" }] : []),
      ...(observed !== null && observed.leftOut > 0
        ? [{ what, why: `${observed.leftOut} more than are kept` }]
        : []),
    ],
  };
}

type Logged = Pick<LoginEvidence, "days" | "bursts" | "completeSince" | "leftOut">;

/** Accounts with a locked password that keys open, or may. */
function findKeyOnly(
  accounts: Collection["accounts"],
  grants: readonly EvaluatedGrant[],
  known: ReadonlyMap<string, KnownAccount>,
): KeyOnlyAccounts {
  const byKey = new Set(
    grants.flatMap(({ account, verdict }) => (verdict.effective.state === "no" ? [] : [account])),
  );
  return new Map(
    accounts.flatMap(({ name, passwordState }): [string, "before" | "now"][] =>
      passwordState === "locked" && byKey.has(name)
        ? [[name, known.get(name)?.passwordState === "locked" ? "before" : "now"]]
        : [],
    ),
  );
}

const describeOwnLogin = ({ loginKey, loginAccount }: Collection, hostNow: number): ScanLogin => {
  const since = instantOf(hostNow - OWN_LOGIN_SECONDS);
  return loginKey === null || loginAccount === null || since === null
    ? null
    : { account: loginAccount, fingerprint: loginKey, since };
};

const findOldest = (instants: readonly (Instant | null)[]): Instant | null =>
  instants.filter((instant) => instant !== null).sort()[0] ?? null;

const nameOf = ({ account, key, isAuthority }: EvaluatedGrant): string =>
  JSON.stringify([account, key?.fingerprint ?? null, isAuthority]);

type Read = {
  /** The name under which the host is scanned. */
  host: string;
  files: readonly { path: string; certificates: readonly { certificate: Certificate }[] }[];
};

/**
 * What the configurations of a host's servers say is served, and which handshake would show it, as the store keeps it.
 */
export function describeDisk(
  { listening, diskFiles }: Collection,
  map: HostMap,
  { host, files }: Read,
): CollectedDisk {
  const held = new Map(files.map(({ path, certificates }) => [path, certificates[0]?.certificate ?? null]));
  const heldIn = (path: string) => held.get(path) ?? null;
  const listed = listBindings(map.configurations, (path) => diskFiles.get(path)?.realPath ?? null);
  const shownBy = findShownBy(listed, {
    host,
    namesIn: (path) => chosenNames(heldIn(path)),
    kindOf: (path) => heldIn(path)?.keyType ?? null,
  });
  return {
    addresses: listening.addresses,
    map: map.configurations.length > 0 ? JSON.stringify(map) : null,
    bindings: listed.map(({ source: _, ...row }, index) => ({ ...row, shownBy: shownBy[index] ?? null })),
  };
}

/** What a host calls itself and runs, and how far its clock is ahead of ours. */
export const describeMachine = (
  { hostname, os, kernel, arch, sshdVersion, unixTime }: Collection["facts"],
  at: Date,
) => ({
  hostname,
  os,
  kernel,
  arch,
  sshdVersion,
  clockAheadSeconds: unixTime === null ? null : unixTime - Math.floor(at.getTime() / 1000),
});

/** The accounts that certificates of authorities open, or may. */
export const listOpenedBy = (authorities: readonly Authority[] | null): ReadonlySet<string> =>
  new Set(
    authorities?.flatMap((one) =>
      one.accounts.flatMap(({ account, effective }) => (effective.state === "no" ? [] : [account])),
    ),
  );

/** Whether certificates open an account. Where not all was read by which sshd trusts authorities, they may open any. */
export function certificateReader(
  authorities: readonly Authority[] | null,
  collection: Collection,
): (account: string) => "yes" | "may" | "no" {
  const isKnown = authorities !== null && areAuthoritiesKnown(collection);
  const opened = new Map<string, "yes" | "may">();
  for (const { account, effective } of authorities?.flatMap((one) => one.accounts) ?? [])
    if (effective.state === "yes") opened.set(account, "yes");
    else if (effective.state === "unknown" && !opened.has(account)) opened.set(account, "may");
  return (account) => opened.get(account) ?? (isKnown ? "no" : "may");
}

/** The certificates by which the host authenticates itself as a client of another server. */
export const listClientFiles = ({ configurations }: HostMap): CollectedHost["clientFiles"] =>
  configurations
    .flatMap(({ alsoNamed }) => alsoNamed)
    .filter(({ role }) => role === "upstream-certificate")
    .map(({ path, directive, at }) => ({ path, directive, at }));

/** As phrases for the coverage of a host. */
export function formatServersRead({ serverConfigs, keystores }: Collection): string[] {
  const servers = serverConfigs.map(({ server, root }) => `${server} by ${root}`);
  return [
    ...(servers.length > 0 ? [`what is served, of ${servers.join(", ")}`] : []),
    ...(keystores.length > 0 ? [`${keystores.length} keystores (never their keys)`] : []),
  ];
}

/**
 * The budget for evaluating one host: some seconds. The largest honest hosts need a third of it: 160,000 lines of keys,
 * or 20,000 accounts of a directory with five authorities.
 */
const HOST_STEPS = 60_000_000;

/** The limit however few the steps are. It is many times what they take, because a slow computer is no hostile host. */
const HOST_MS = 60_000;

/** So many unreadable things are still named. */
const MOST_UNREADABLE = 200;

const WHY =
  "too much to evaluate: its lists are so long that not every entry could be compared with every other; this scan says nothing about it, and what was known before stays";

export const tooMuch = (path: string): Unreadable => ({ kind: "limit", path, why: WHY });

/**
 * Evaluates what a host sent, within a budget. Above it everything but the host's own facts is left out, and its
 * coverage says so. So one host cannot delay the others, and no verdict depends on a part of the data.
 */
export function evaluateWithinBudget<T>(collection: Collection, evaluate: (collection: Collection) => T): T {
  try {
    return withinBudget({ steps: HOST_STEPS, isLate: lateAfter(HOST_MS) }, () => evaluate(collection));
  } catch (error) {
    if (!(error instanceof WorkBudgetSpent)) throw error;
    return evaluate(withoutLists(collection));
  }
}

/** The host's own facts and host keys alone. */
function withoutLists(collection: Collection): Collection {
  return {
    ...collection,
    accounts: [],
    groups: null,
    sshd: {
      ...collection.sshd,
      effective: null,
      files: new Map(),
      includes: new Map(),
      changedAt: new Map(),
    },
    otherDaemons: [],
    sshdFiles: new Map(),
    chrootFolders: new Map(),
    realHomes: new Map(),
    authorizedKeys: [],
    keyFiles: [],
    hostKeys: collection.hostKeys.slice(0, MOST_UNREADABLE),
    certificateFiles: [],
    serverConfigs: [],
    diskFiles: new Map(),
    keystores: [],
    listening: { listeners: null, processes: new Map(), addresses: null },
    logs: [],
    suLog: null,
    lastLogins: [],
    reach: {
      sudoers: [],
      sudoersFolders: new Map(),
      doas: [],
      privilegedPaths: [],
      agents: [],
      outbound: [],
    },
    unreadable: [
      tooMuch("its accounts, keys, certificates, configurations and rules"),
      ...collection.unreadable.slice(0, MOST_UNREADABLE),
    ],
  };
}

/** By the CPU time of this thread, which other programs do not add to. Node before 22.19 and 23.9 cannot read it. */
function lateAfter(ms: number): () => boolean {
  const read =
    "threadCpuUsage" in process
      ? () => {
          const { user, system } = process.threadCpuUsage();
          return (user + system) / 1_000;
        }
      : () => performance.now();
  const begin = read();
  return () => read() - begin > ms;
}

/** A certificate as the store takes it, with what follows from it alone. */
export function toSeen(certificate: Certificate, der: Uint8Array): SeenCertificate {
  const known = evaluated.get(certificate) ?? evaluate(certificate, der);
  evaluated.set(certificate, known);
  return { ...known, der };
}

/** The accounts that certificates of sshd's trusted authorities open, or may open. */
export const describeAuthorities = (
  collection: Collection,
  authorities: readonly Authority[],
): CollectedHost["authorities"] => ({
  trusted: authorities.flatMap(({ file, line, key: { fingerprint, keyType }, comment, accounts }) =>
    accounts.flatMap(({ account, principals, effective }) =>
      effective.state === "no"
        ? []
        : [{ account, fingerprint, keyType, comment, file, line, principals, effective }],
    ),
  ),
  isComplete: areAuthoritiesKnown(collection),
});

/** A fleet serves few certificates at many endpoints, and a cache returns each as one object. */
const evaluated = new WeakMap<Certificate, Omit<SeenCertificate, "der">>();

function evaluate(certificate: Certificate, der: Uint8Array): Omit<SeenCertificate, "der"> {
  const expiring = expiringFrom(certificate.notBefore, certificate.notAfter);
  return {
    certificate,
    warnFrom: expiring?.warnFrom ?? null,
    urgentFrom: expiring?.urgentFrom ?? null,
    isOverLimit: isOverPublicLimit(certificate),
    isForClients: isForClients(certificate),
    sshFingerprint: sshFingerprintOf(der),
  };
}
