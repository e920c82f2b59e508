import type { AccountKind, Disabled, Disabling } from "../../model/access/account.ts";
import type { FindingText, Severity } from "../../model/finding.ts";
import type { Escalation } from "../../model/hosts/host-reach.ts";
import type { LoginMethod, UseEvidence } from "../../model/hosts/host-use.ts";
import type { Instant } from "../../model/instant.ts";
import { formatLoginMethod } from "../access/account.ts";
import { formatEscalation, formatMeans } from "../access/graph.ts";
import { formatCount } from "../count.ts";

/** Somebody gets in for certain, or only may. */
export const RETURNED_SEVERITY: Record<"certain" | "uncertain", Severity> = {
  certain: "critical",
  uncertain: "high",
};

export const NEW_ACCOUNT_SEVERITY: Record<"entered" | "shut", Severity> = { entered: "medium", shut: "low" };

export type NewAccount = {
  kind: AccountKind;
  isEntered: boolean;
  grantCount: number;
  baselineAt: Instant;
  firstSeen: Instant;
  /** The host was first read after the baseline. */
  isFirstRead: boolean;
};

/** The sentence in the row of the account. */
export const formatNewAccount = (isEntered: boolean): string =>
  `this account was not there at the baseline, nobody has approved it, and ${isEntered ? "somebody gets in, or may" : "nobody gets in"}`;

/** Says of an account that it was not there at the baseline, and that nobody has approved it since. */
export function describeNewAccount(account: NewAccount): FindingText {
  const { kind, isEntered, grantCount, baselineAt, firstSeen, isFirstRead } = account;
  return {
    sentence: formatNewAccount(isEntered),
    evidence: [
      `kind: ${kind}`,
      `grants that let in, or may: ${grantCount}`,
      `first seen by the scan of ${firstSeen}, the baseline is that of ${baselineAt}`,
      ...(isFirstRead
        ? ["the host was first read after the baseline: the account may be older than that"]
        : []),
    ],
    remedy: "ask who made it and what for; approve it with an owner and a purpose, or remove it",
  };
}

export type ReturnedGrant = {
  account: string;
  file: string;
  line: number;
  isCertain: boolean;
  /** When the scan began that had found it gone, and the one that found it there again. */
  goneAt: Instant;
  returnedAt: Instant;
  /** The run that had removed it. */
  removedBy: { id: number; title: string } | null;
};

/** The sentence in the row of the grant. */
export function formatReturnedGrant({
  account,
  isCertain,
  removedBy,
}: {
  account: string;
  isCertain: boolean;
  /** The run that had removed it; null for none. */
  removedBy: unknown;
}): string {
  const how = isCertain ? "logs in" : "may log in";
  const who = removedBy === null ? "was removed" : "was removed by a run";
  return `this key ${who}, is there again, and ${how} as ${account}`;
}

/** Says of a grant that its key had gone from the account, and is back. */
export function describeReturnedGrant(grant: ReturnedGrant): FindingText {
  const { file, line, goneAt, returnedAt, removedBy } = grant;
  return {
    sentence: formatReturnedGrant(grant),
    evidence: [
      `${file}:${line}`,
      `the scan of ${goneAt} found no line with this key for the account`,
      `the scan of ${returnedAt} found this one`,
      ...(removedBy === null ? [] : [`run ${removedBy.id} had removed it: ${removedBy.title}`]),
    ],
    remedy:
      "find out who put it back; remove it, and close the way by which it came: a configuration management, an image, a backup, or whoever still gets in. If it may be there, approve it",
  };
}

export type ReturnedAccount = {
  name: string;
  uid: number;
  /** Who gets in. */
  entered: "somebody" | "perhaps" | "nobody";
  grantCount: number;
  /** What it was when it was last seen before; null where that is not known. */
  uidBefore: number | null;
  goneAt: Instant;
  returnedAt: Instant;
};

/** The sentence in the row of the account. */
export const formatReturnedAccount = (entered: ReturnedAccount["entered"]): string =>
  `this account was removed and is there again, and ${ENTERED[entered]}`;

const ENTERED: Record<ReturnedAccount["entered"], string> = {
  somebody: "somebody gets in",
  perhaps: "somebody may get in",
  nobody: "nobody is known to get in",
};

/** Says of an account that it had gone, and is back. */
export function describeReturnedAccount(account: ReturnedAccount): FindingText {
  const { uid, uidBefore, grantCount, goneAt, returnedAt } = account;
  return {
    sentence: formatReturnedAccount(account.entered),
    evidence: [
      `the scan of ${goneAt} found no such account`,
      `the scan of ${returnedAt} found it`,
      uidBefore === null || uidBefore === uid ? `uid ${uid}` : `uid ${uid}, before it had ${uidBefore}`,
      `grants that let in, or may: ${grantCount}`,
    ],
    remedy:
      "find out who made it again, and what for; remove it, or accept this finding with the reason and name an owner",
  };
}

/** A login as a log has it. `by`: the fingerprint of a key or of an authority, or by su the account that became it. */
export type LoginFact = {
  how: "key" | "certificate" | LoginMethod;
  by: string;
  at: Instant;
  from: string | null;
};

/** `the key SHA256:... from 10.0.0.1 on 2026-06-01T08:00:00Z`. Written by strangers in part. */
function formatLogin({ how, by, at, from }: LoginFact): string {
  const means =
    how === "key"
      ? `by the key ${by}`
      : how === "certificate"
        ? `by a certificate of the authority ${by}`
        : formatLoginMethod({ method: how, by });
  return `the last such login: ${means}${from === null ? "" : ` from ${from}`}, at ${at}`;
}

/** Who else may have written the line. */
const formatStrength = (evidence: UseEvidence, { how }: { how?: LoginFact["how"] } = {}): string[] =>
  evidence === "journal"
    ? ["the journal has it, as written by a process of root"]
    : [
        how === "su"
          ? "any user of that host can have a line of su written"
          : "known from plain files alone, into which any user of that host can have lines written",
      ];

const DISABLINGS: Record<Disabling, string> = {
  expired: "it has expired",
  "password-locked": "its password was locked",
  "no-login-shell": "its login shell was taken away",
};

type DisabledInUse = { disabled: readonly Disabled[]; login: LoginFact; evidence: UseEvidence };

/** Says of an account that was disabled that somebody has logged in to it since. `disabled`: what the login came after. */
export function describeDisabledInUse({ disabled, login, evidence }: DisabledInUse): FindingText {
  const isLockAlone = disabled.every(({ by }) => by === "password-locked");
  const isByKey = login.how === "key" || login.how === "certificate";
  return {
    sentence:
      isLockAlone && isByKey
        ? "its password was locked, which keeps no key out, and somebody has logged in by one since"
        : "this account was disabled, and a log has a login to it since",
    evidence: [
      ...disabled.map(({ by, since }) => `${DISABLINGS[by]}, as the reading of ${since} found first`),
      formatLogin(login),
      ...formatStrength(evidence, login),
    ],
    remedy: isByKey
      ? "if the account is to be disabled, remove its keys and let it expire; if only its password was to go, accept this finding"
      : "find out who it was; let the account expire, and remove its keys",
  };
}

type UsedByPerson = {
  kind: "service" | "bot";
  /** The person with the key; null where something was typed. */
  person: string | null;
  login: LoginFact;
  evidence: UseEvidence;
};

/** Says of a service's or a bot's account that a person has logged in to it. */
export function describeUsedByPerson({ kind, person, login, evidence }: UsedByPerson): FindingText {
  return {
    sentence:
      person === null
        ? `somebody has logged in to this ${kind} account by a typed password`
        : `a person's key has logged in to this ${kind} account, where it gets a shell`,
    evidence: [
      ...(person === null ? [] : [`a people source has this key as one of ${person}`]),
      formatLogin(login),
      ...formatStrength(evidence, login),
    ],
    remedy:
      "give the person an account of their own, and let that one act as this by sudo; leave the account to the keys of machines, for one command each",
  };
}

type UnusedAccount = {
  kind: "service" | "bot";
  shell: string;
  reach: { days: number; from: Instant; to: Instant };
  evidence: UseEvidence;
  lastLoginAt: Instant | null;
  workloadCount: number;
  /** A log has a login since, by a line that any user of the host can have had written. */
  isClaimed: boolean;
};

/** Says of a service's or a bot's account that nobody logs in to it. */
export function describeUnusedAccount(account: UnusedAccount): FindingText {
  const { kind, shell, reach, evidence, lastLoginAt, workloadCount, isClaimed } = account;
  const span = `${formatCount(reach.days, "day")} of logs (${reach.from.slice(0, 10)} to ${reach.to.slice(0, 10)})`;
  return {
    sentence: isClaimed
      ? `this ${kind} account has a login shell, and nobody is known for certain to have logged in to it in ${span}`
      : `this ${kind} account has a login shell, and nobody has logged in to it in ${span}`,
    evidence: [
      `login shell ${shell}, no usable password`,
      ...(isClaimed
        ? [
            `the journal has no login in ${span}; su or a plain file has one, which any user of that host can have had written`,
          ]
        : [`no login by key in ${span}, and none by other means is known`]),
      ...(lastLoginAt === null ? [] : [`its last known login was at ${lastLoginAt}`]),
      ...(workloadCount > 0 ? [`things that run as it: ${workloadCount}; they need no login`] : []),
      ...(evidence === "journal" ? [] : formatStrength(evidence)),
    ],
    remedy:
      workloadCount > 0
        ? "give it a shell that lets nobody in, such as /usr/sbin/nologin, once no script uses su to become it"
        : "ask its owner whether it is needed; disable it, watch for a while, then remove it",
  };
}

type RootAccount = {
  kind: "service" | "bot";
  /** What lets it act as another account without a password: the first step to root. */
  steps: readonly Escalation[];
  grantCount: number;
};

/** Says of a service's or a bot's account that whoever is it becomes root. */
export function describeBecomesRoot({ kind, steps, grantCount }: RootAccount): FindingText {
  return {
    sentence: `this ${kind} account becomes root without a password`,
    evidence: [
      ...steps.map((step) => `${formatEscalation(step)}: ${formatMeans(step)}`),
      ...(grantCount > 0 ? [`grants that let in, or may: ${grantCount}`] : []),
    ],
    remedy:
      "let it run the commands that its work needs, without a shell among them; whoever writes to the socket of a container daemon or to a disk is root: take it out of that group",
  };
}
