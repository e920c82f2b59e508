import type {
  EntryMethod,
  Learning,
  LoginBaseline,
  LoginFacts,
  LoginObservation,
  LoginObservationDetail,
  LoginRule,
} from "../../model/access/login.ts";
import { assertNever } from "../../model/assert-never.ts";
import type { UseEvidence } from "../../model/hosts/host-use.ts";
import { isMoreThan, type Total } from "../../model/total.ts";
import { formatCount, formatTotal } from "../count.ts";
import { formatAccount } from "../hosts/target.ts";

/** The titles of the rules, as lists and filters name them. */
export const LOGIN_RULES: Record<LoginRule, string> = {
  "login-after-failures": "after refused passwords",
  "login-by-password": "by password, of an account entered by keys",
  "login-new-source": "from a new address",
  "login-after-long": "the first in 90 days",
  "login-new-hour": "at a new hour",
};

const METHODS: Record<Exclude<EntryMethod, "publickey" | "certificate" | "su">, string> = {
  password: "password",
  "keyboard-interactive": "keyboard-interactive",
  "gssapi-with-mic": "Kerberos",
  "gssapi-keyex": "Kerberos",
  hostbased: "key of another host",
  none: "no password",
};

/** By what somebody logged in, with the key or the account where it names one. Written by strangers in part. */
export function formatMeans({ method, by }: { method: EntryMethod; by: string }): string {
  switch (method) {
    case "publickey":
      return by === "" ? "a key" : by;
    case "certificate":
      return by === "" ? "a certificate" : `certificate of ${by}`;
    case "su":
      return `su by ${by}`;
    default:
      return METHODS[method];
  }
}

/** "7:00 to 9:59, 14:00 to 14:59": the hours of a day with a login. */
export function formatHours(hours: readonly number[]): string {
  if (hours.length === 24) return "every hour";
  const spans: { from: number; to: number }[] = [];
  for (const hour of hours) {
    const last = spans.at(-1);
    if (last && hour === last.to + 1) last.to = hour;
    else spans.push({ from: hour, to: hour });
  }
  return spans.map(({ from, to }) => `${from}:00 to ${to}:59`).join(", ");
}

/** Whether the journal has these logins, or plain files alone, into which others can write. */
export const formatLoginEvidence = ({ count, inJournal }: { count: number; inJournal: number }): string =>
  inJournal === 0 ? "plain files" : inJournal < count ? "journal in part" : "journal";

export const EVIDENCE_WORDS: Record<UseEvidence, string> = {
  journal: "journal",
  file: "plain files",
};

/** What a plain file is worth as evidence. */
export const FILE_EVIDENCE =
  "Only plain log files show it, into which any user of the host can have lines written.";

/** What stands out about a login, in a sentence. Written by strangers in part. */
export function formatObserved({ facts, subject, from, method, by }: LoginObservation): string {
  switch (facts.rule) {
    case "login-after-failures":
      return `${from} got in by ${formatMeans({ method, by })} after ${formatCount(facts.refused, "password")} of this account ${facts.refused === 1 ? "was" : "were"} refused to it`;
    case "login-by-password":
      return `by ${formatMeans({ method, by })} from ${from || "an address that was not kept"}, ${formatKeyOnly(facts)}`;
    case "login-new-source":
      return formatNewSource(facts, subject);
    case "login-after-long":
      return formatLong(facts, { method, by });
    case "login-new-hour":
      return `at ${facts.hour}:00 to ${facts.hour}:59, more than two hours from any hour of the baseline`;
    default:
      return assertNever(facts);
  }
}

function formatKeyOnly({ keyDays, locked }: LoginFacts & { rule: "login-by-password" }): string {
  if (keyDays > 0) return `where only keys were used: on ${formatCount(keyDays, "day")} of the baseline`;
  return locked === "before"
    ? "though its password was locked, and keys open it"
    : "though its password is locked now, and keys open it; whether it was locked then is not known";
}

function formatNewSource(
  { network, isBaselinePartial, isNetworkUsual, isUsualOnHost }: LoginFacts & { rule: "login-new-source" },
  subject: string,
): string {
  if (network === "") return "from an address that was not kept: whether it is a new one is not known";
  if (isNetworkUsual) return `from ${subject}, a new address of ${network}, which is usual`;
  if (isBaselinePartial)
    return `from ${subject}, which is new as far as is known: not every address of the baseline was kept`;
  return isUsualOnHost
    ? `from ${subject}, which is new for this account; others of this host are entered from there`
    : `from ${subject}, from where nobody entered this host in the days of the baseline; accounts made later do not count`;
}

function formatLong(
  { lastAt, ofMethod }: LoginFacts & { rule: "login-after-long" },
  means: { method: EntryMethod; by: string },
): string {
  if (lastAt === null) return "the first login that is known; its logs cover the 90 days before";
  const last = `the last was on ${lastAt.slice(0, 10)}`;
  return ofMethod
    ? `the first by ${formatMeans(means)} in more than 90 days: ${last}`
    : `the first login in more than 90 days: ${last}`;
}

type LineOrigin = "verbatim" | "put-together";

/** Of refused passwords the lines are kept as they stand in the log; of all others what of them counts. */
export const originOf = (rule: LoginRule): LineOrigin =>
  rule === "login-after-failures" ? "verbatim" : "put-together";

export const LINES_TITLES: Record<LineOrigin, string> = {
  verbatim: "Lines of the log",
  "put-together": "Lines of the log, put together of what was kept of them",
};

/** All that is known of a login that stands out, in lines. Written by strangers in part. */
export function describeObservation(login: LoginObservationDetail): string[] {
  const { account, host, port, severity, facts, firstAt, lastAt, evidence, baseline, lines, acceptance } =
    login;
  return [
    `${formatAccount({ account, host, port })}: ${LOGIN_RULES[facts.rule]} (${severity})`,
    `  ${formatObserved(login)}`,
    ...formatFormerAccount(login).map((text) => `  ${text}`),
    firstAt === lastAt ? `  on ${firstAt}` : `  first on ${firstAt}, last on ${lastAt}`,
    ...(evidence === "file" ? [`  ${FILE_EVIDENCE}`] : []),
    ...(acceptance ? [`  accepted until ${acceptance.until}: ${acceptance.reason}`] : []),
    "",
    ...(lines.length === 0 ? ["No line of the log was kept."] : [`${LINES_TITLES[originOf(facts.rule)]}:`]),
    ...lines.map((line) => `  ${line}`),
    ...(baseline === null ? [] : ["", "Baseline:", ...describeBaseline(baseline).map((line) => `  ${line}`)]),
  ];
}

/** Where the account that it was is not there now, though another may have its name. */
export const formatFormerAccount = ({ uid, accountId }: LoginObservationDetail): string[] =>
  uid === null || accountId !== null ? [] : [`the account with uid ${uid} is not there now under this name`];

function describeBaseline(baseline: LoginBaseline): string[] {
  const { addresses, methods, hours } = baseline;
  const from = addresses.map((one) => `${one.from} (${formatCount(one.days, "day")})`);
  const by = methods.map(({ days, ...means }) => `${formatMeans(means)} (${formatCount(days, "day")})`);
  return [
    formatBaseline(baseline),
    ...formatBaselineNotes(baseline),
    ...(from.length > 0 ? [`from ${from.join(", ")}`] : []),
    ...(by.length > 0 ? [`by ${by.join(", ")}`] : []),
    ...(hours.length > 0 ? [`at ${formatHours(hours)}`] : []),
  ];
}

/** As the audit log names it. Written by strangers in part. */
export const formatObservedName = ({ facts, account, host, port, subject }: LoginObservation): string =>
  `${formatAccount({ account, host, port })} ${facts.rule} ${subject}`;

/** The days that logins are compared with, in a line. */
export const formatBaseline = ({ from, to, loginDays, count, evidence }: LoginBaseline): string =>
  `${from} to ${to}: ${formatCount(count, "login")} on ${formatCount(loginDays, "day")}, by ${evidence === "journal" ? "the journal alone" : "all logs"}`;

/** Why its days are not those of its host, and what of it is not known. */
export const formatBaselineNotes = ({ reason, isPartial }: LoginBaseline): string[] => [
  ...(reason === "made-later" ? ["its own first days: it was made after the host was first read"] : []),
  ...(reason === "cut" ? ["the first days of which all logins were read"] : []),
  ...(isPartial ? ["of some of these logins no address was kept"] : []),
];

const MOST_NAMED = 5;

export const formatLearningCounts = ({ hosts, total, accounts, accountTotal }: Learning): string =>
  [
    ...(hosts.length > 0 ? [formatTotal(total, "host")] : []),
    ...(accounts.length > 0 ? [formatTotal(accountTotal, "account")] : []),
  ].join(", ");

/** Where nothing can be new yet: that is said, and not that nothing is. Names are strangers' words in part. */
export function formatLearning({ hosts, total, accounts, accountTotal, of }: Learning): string {
  const daysOf = ({ days }: { days: number }) => `${days} of ${of} days`;
  const list = (all: readonly string[], count: Total) =>
    `${all.slice(0, MOST_NAMED).join(", ")}${isMoreThan(count, Math.min(all.length, MOST_NAMED)) ? ", ..." : ""}`;
  const ofHosts = hosts.map(
    ({ host, isCut, ...row }) => `${host} ${isCut ? "not enough of its logs were read" : daysOf(row)}`,
  );
  const ofAccounts = accounts.map(
    ({ reason, ...row }) =>
      `${formatAccount(row)} ${reason === "cut" ? "not enough of its logins were read" : daysOf(row)}`,
  );
  return [
    ...(hosts.length > 0
      ? [`not enough logs yet to say what is new on ${formatTotal(total, "host")}: ${list(ofHosts, total)}`]
      : []),
    ...(accounts.length > 0
      ? [`not enough logs yet of ${formatTotal(accountTotal, "account")}: ${list(ofAccounts, accountTotal)}`]
      : []),
  ].join("; ");
}
