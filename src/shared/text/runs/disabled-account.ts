/** Every sentence about accounts that a run disables. Each is without a full stop. */
import { assertNever } from "../../model/assert-never.ts";
import type { Instant } from "../../model/instant.ts";
import type {
  AccountProcess,
  AccountUse,
  AccountWatch,
  DisabledAccount,
  EntryState,
  PasswordClass,
  RemovedAccount,
} from "../../model/runs/disabled-account.ts";
import type { HostAddress } from "../../model/runs/plan.ts";
import type { RunNote } from "../../model/runs/run-note.ts";
import type { Cause, Evidence } from "../../model/runs/step-result.ts";
import { formatCount } from "../count.ts";
import { formatHost, formatHostAddress } from "../hosts/target.ts";
import { formatRefusal } from "./host-refusal.ts";

const PASSWORDS: Record<PasswordClass, string> = {
  none: "none: whoever knows the name gets in",
  locked: "locked",
  starred: "no password fits (*)",
  set: "set",
};

const DAY_MS = 86_400_000;

/** `never`, or the day from which on nobody logs in. */
export const formatExpiryDay = (expires: number | null): string =>
  expires === null ? "never" : new Date(expires * DAY_MS).toISOString().slice(0, 10);

/** What changes in the entry of an account: a line for each field, with what it is and becomes. */
export function listEntryChanges({ before, after }: DisabledAccount): {
  field: string;
  from: string;
  to: string;
}[] {
  const fields: { field: string; of: (state: EntryState) => string }[] = [
    { field: "password", of: ({ password }) => PASSWORDS[password] },
    { field: "expires", of: ({ expires }) => formatExpiryDay(expires) },
    { field: "shell", of: ({ shell }) => shell || "none, so /bin/sh" },
  ];
  return fields.map(({ field, of }) => ({ field, from: of(before), to: of(after) }));
}

/** A line of a file of accounts, and what becomes of it, as a row of a diff each. */
export const listLineChanges = ({
  lines,
}: RemovedAccount): { file: string; sign: "-" | "+"; text: string }[] =>
  lines.flatMap(({ file, line, becomes }) => [
    { file, sign: "-" as const, text: line },
    ...(becomes === null ? [] : [{ file, sign: "+" as const, text: becomes }]),
  ]);

/** What an account has beside its lines, as a sentence. */
export const formatStays = ({ stays }: RemovedAccount): string =>
  stays.length === 0
    ? "nothing else of it was found"
    : `stays: ${stays.map(({ path, uid }) => (uid === null ? `a line in ${path}` : `${path}, owner ${uid}`)).join("; ")}`;

/** `1234 node (app.service)`. */
export const formatProcess = ({ pid, command, unit }: AccountProcess): string =>
  `${pid} ${command}${unit === "" ? "" : ` (${unit})`}`;

export const formatAccountUse = ({ host, port, account, at, line, source }: AccountUse): string =>
  `${account} on ${formatHost({ host, port })}${at === null ? "" : `, ${at}`}: ${line}${source === "journal" ? "" : ` (in ${source}, to which any user there can have lines written)`}`;

export type AccountCauseKind =
  | "account-changed"
  | "account-refused"
  | "timer-gave-up"
  | "own-account"
  | "still-logs-in";

export function formatAccountCause(cause: Extract<Cause, { kind: AccountCauseKind }>): string {
  switch (cause.kind) {
    case "account-changed":
      return formatRefusal("account-changed", `the account ${cause.account}`);
    case "account-refused":
      return formatRefusal(cause.why.why, `the account ${cause.account}`);
    case "timer-gave-up":
      return `the host's own timer has tried to roll it back, and has given up: ${formatRefusal(cause.why, `the account ${cause.account}`)}`;
    case "own-account":
      return `this run logs in as ${cause.account}, or as another name of it: it is never disabled from there`;
    case "still-logs-in":
      return `${cause.account} still accepts ${cause.fingerprint}, though it is locked, expired and without a shell`;
    default:
      return assertNever(cause);
  }
}

export type AccountEvidenceKind =
  | "account-disabled"
  | "login-ended"
  | "login-untried"
  | "root-reached"
  | "left-disabled"
  | "account-removed"
  | "removed-by-run";

export function formatAccountEvidence(check: Extract<Evidence, { kind: AccountEvidenceKind }>): string {
  switch (check.kind) {
    case "account-disabled":
      return `${check.account}: a new session reads that its password is locked, that it has expired, and that it has no login shell`;
    case "login-ended":
      return `${check.account}: a login with ${check.fingerprint} was tried, and is ${check.isRefused ? "refused" : "not let in"}: ${check.said}`;
    case "login-untried":
      return `${check.account}: no login was tried, for none of its keys is on this computer`;
    case "root-reached":
      return `${check.account}: this run has logged in once more, and acts as root`;
    case "left-disabled":
      return `${check.account}: stays disabled`;
    case "account-removed":
      return `${check.account}: a new session finds it in none of the files of accounts, and by no name service`;
    case "removed-by-run":
      return `${check.account}: was removed by run ${check.run}`;
    default:
      return assertNever(check);
  }
}

/** The hosts whose logs nobody has read to their end since the accounts were disabled, or, where the days are over, since. */
export const findNotReadToEnd = ({ read, until }: AccountWatch, now: Instant): HostAddress[] =>
  read.filter(({ at }) => at === null || (until <= now && at < until));

/** The days are over, the logs of all hosts were read to their end, and nothing has used the accounts. */
export const isUnneeded = (watch: AccountWatch, now: Instant): boolean =>
  watch.removedBy === null &&
  watch.until <= now &&
  watch.uses.length === 0 &&
  findNotReadToEnd(watch, now).length === 0;

/** Of a log that was not read to its end nothing is said to be absent. */
const formatPartialLogs = ({ partial }: Extract<RunNote, { kind: "account-watched" }>): string =>
  partial.length === 0
    ? ""
    : `; ${partial.join(", ")} ${partial.length === 1 ? "was not read to its end" : "were not read to their end"}, so whether it is still used is not known`;

export type AccountNoteKind =
  | "account-used"
  | "account-watched"
  | "watch-unreadable"
  | "watch-until"
  | "watch-ended";

export function formatAccountNote(note: Extract<RunNote, { kind: AccountNoteKind }>): string {
  switch (note.kind) {
    case "account-used":
      return `${note.use.isTry ? "somebody was refused, or only named it" : "somebody still needs it"}: ${formatAccountUse(note.use)}`;
    case "account-watched":
      return `${formatHostAddress(note)}: ${note.sources.join(", ")} ${note.sources.length === 1 ? "shows" : "show"} ${note.uses === 0 ? "no new use of it" : formatCount(note.uses, "new use")}${note.tries === 0 ? "" : `, and ${formatCount(note.tries, "new try", "new tries")}`}${note.more > 0 ? `; ${formatCount(note.more, "line")} more than are kept` : ""}${formatPartialLogs(note)}`;
    case "watch-unreadable":
      return `${formatHostAddress(note)}: whether it is still used is not known: ${note.why}`;
    case "watch-until":
      return `the logs are watched until ${note.dueAt.slice(0, 10)}`;
    case "watch-ended":
      return "the watch was ended before its time";
    default:
      return assertNever(note);
  }
}
