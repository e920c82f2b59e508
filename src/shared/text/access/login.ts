import type {
  EntryMethod,
  LearningHost,
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
      return `by ${formatMeans({ method, by })} from ${from || "an address that was not kept"}, where only keys were used: on ${formatCount(facts.keyDays, "day")} of the baseline`;
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

function formatNewSource(
  { network, isNetworkUsual, isUsualOnHost }: LoginFacts & { rule: "login-new-source" },
  subject: string,
): string {
  if (isNetworkUsual) return `from ${subject}, a new address of ${network}, which is usual`;
  return isUsualOnHost
    ? `from ${subject}, which is new for this account; others of this host are entered from there`
    : `from ${subject}, from where nobody entered this host in the days of the baseline`;
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

/** All that is known of a login that stands out, in lines. Written by strangers in part. */
export function describeObservation(login: LoginObservationDetail): string[] {
  const { account, host, port, severity, facts, firstAt, lastAt, evidence, baseline, lines, acceptance } =
    login;
  return [
    `${formatAccount({ account, host, port })}: ${LOGIN_RULES[facts.rule]} (${severity})`,
    `  ${formatObserved(login)}`,
    firstAt === lastAt ? `  on ${firstAt}` : `  first on ${firstAt}, last on ${lastAt}`,
    ...(evidence === "file" ? [`  ${FILE_EVIDENCE}`] : []),
    ...(acceptance ? [`  accepted until ${acceptance.until}: ${acceptance.reason}`] : []),
    "",
    ...(lines.length === 0 ? ["No line of the log was kept."] : ["Lines of the log:"]),
    ...lines.map((line) => `  ${line}`),
    ...(baseline === null ? [] : ["", "Baseline:", ...describeBaseline(baseline).map((line) => `  ${line}`)]),
  ];
}

function describeBaseline(baseline: LoginBaseline): string[] {
  const { addresses, methods, hours } = baseline;
  const from = addresses.map((one) => `${one.from} (${formatCount(one.days, "day")})`);
  const by = methods.map(({ days, ...means }) => `${formatMeans(means)} (${formatCount(days, "day")})`);
  return [
    formatBaseline(baseline),
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

const MOST_NAMED = 5;

/** Where nothing can be new yet: that is said, and not that nothing is. Names of hosts are strangers' words in part. */
export function formatLearning({
  hosts,
  total,
  of,
}: {
  hosts: LearningHost[];
  total: Total;
  of: number;
}): string {
  const few = hosts.slice(0, MOST_NAMED).map(({ host, days }) => `${host} ${days} of ${of} days`);
  const more = isMoreThan(total, few.length) ? ", ..." : "";
  return `not enough logs yet to say what is new on ${formatTotal(total, "host")}: ${few.join(", ")}${more}`;
}
