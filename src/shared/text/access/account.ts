import type {
  AccountKind,
  AccountRow,
  KindReason,
  PasswordState,
  RootStanding,
} from "../../model/access/account.ts";
import type { Workload } from "../../model/access/workload.ts";
import { assertNever } from "../../model/assert-never.ts";
import type { LoginMethod } from "../../model/hosts/host-use.ts";
import { formatCount, formatNumber } from "../count.ts";
import { formatShut } from "./password-age.ts";

/** What each kind means, as a help text and a hint say it. */
export const KIND_MEANINGS: Record<AccountKind, string> = {
  person: "somebody logs in as themselves",
  service: "something of the host runs as it",
  bot: "something elsewhere logs in as it",
  system: "the operating system's own",
  unknown: "nothing shows what it is for, or the signs point to several kinds",
};

/** Whether what is said of an account is of an earlier reading than the last one, which was not by root. */
export const isOfEarlier = ({ isByRoot, evaluatedAt, lastSeen }: EvaluatedRow): boolean =>
  isByRoot && evaluatedAt < lastSeen;

type EvaluatedRow = Pick<AccountRow, "isByRoot" | "evaluatedAt" | "lastSeen">;

/** The same for a list, which says of an earlier reading when that was. */
export const formatWhy = (row: AccountRow): string =>
  isOfEarlier(row)
    ? `as root read it on ${row.evaluatedAt.slice(0, 10)}: ${formatKindReasons(row.reasons)}`
    : formatKindReasons(row.reasons);

/** Why an account is said to be of its kind: what decided first. Written by strangers in part. */
export const formatKindReasons = (reasons: readonly KindReason[]): string =>
  reasons.map(formatKindReason).join(", ");

export function formatKindReason(reason: KindReason): string {
  switch (reason.what) {
    case "root":
      return "uid 0";
    case "nobody":
      return "uid 65534, which is nobody's";
    case "number":
      return formatNumberReason(reason);
    case "shell":
      return reason.isLogin ? `login shell ${reason.shell}` : `no login shell (${reason.shell})`;
    case "password":
      return PASSWORDS[reason.state];
    case "runs":
      return reason.count > 1
        ? `${reason.name} and ${formatNumber(reason.count - 1)} more run as it`
        : `${reason.name} runs as it`;
    case "keys":
      return formatKeys(reason);
    case "one-person":
      return reason.isUsed
        ? `all its keys are ${reason.person}'s, who logs in by them`
        : `all its keys are ${reason.person}'s`;
    case "several-people":
      return `keys of ${formatNumber(reason.count)} people`;
    case "workloads-not-read":
      return "what runs as it was not read whole";
    case "keys-not-read":
      return "its keys were not read";
    case "name":
      return `"${reason.word}" in its name`;
    default:
      return assertNever(reason);
  }
}

function formatNumberReason({
  isOrdinary,
  isAbove,
  first,
  last,
  systemLast,
}: Extract<KindReason, { what: "number" }>): string {
  const users = last === null ? `from ${first} on` : `from ${first} to ${last}`;
  if (isOrdinary)
    return isAbove
      ? `a uid above those of users (${users}), as directories give`
      : `uid ${users}, as users have`;
  if (isAbove) return `a uid that systemd makes for a service (those of users are ${users})`;
  const system = systemLast === null ? "" : `, up to ${systemLast}`;
  return `a uid that the system keeps for itself${system} (those of users are ${users})`;
}

function formatKeys({ count, forced }: { count: number; forced: number }): string {
  const keys = formatCount(count, "key");
  if (forced === 0) return `${keys} for a shell`;
  return forced === count ? `${keys}, for no shell` : `${keys}, ${forced} of them for no shell`;
}

const PASSWORDS: Record<PasswordState, string> = {
  set: "a password",
  locked: "no usable password",
  none: "an empty password",
  unknown: "password not read",
};

/** Whether an account is as good as root, in a word or two; empty where it is not. */
export const ROOT_WORDS: Record<RootStanding, string> = {
  "is-root": "root",
  "becomes-root": "becomes root",
  maybe: "may become root",
  no: "",
  unknown: "not known",
};

/** How an account is entered, as far as its keys, certificates and password say, and whether its dates let anybody in. */
export function formatEntry(row: AccountRow, now: Date): string {
  const { passwordState, grantCount, authorityCount } = row;
  const entries = [
    ...(grantCount > 0 ? [formatCount(grantCount, "key")] : []),
    ...(authorityCount > 0 ? ["certificates"] : []),
    ...(passwordState === "set" ? ["password"] : []),
    ...(passwordState === "none" ? ["empty password"] : []),
    ...(passwordState === "unknown" ? ["password not read"] : []),
  ];
  const shut = entries.length === 0 ? null : formatShut(row, now);
  return shut === null ? entries.join(", ") : `${shut}; ${entries.join(", ")}`;
}

/** Whom a certificate has to name; nothing where a command decides. Written by strangers. */
export const formatPrincipals = (principals: readonly string[]): string =>
  principals.length === 0 ? "" : ` for ${principals.join(", ")}`;

/** By what somebody has logged in without a key. Written by strangers in part. */
export const formatLoginMethod = ({ method, by }: { method: LoginMethod; by: string }): string =>
  method === "su" ? `by su, from ${by}` : METHODS[method];

const METHODS: Record<Exclude<LoginMethod, "su">, string> = {
  password: "by password",
  "keyboard-interactive": "by what was typed (keyboard-interactive)",
  "gssapi-with-mic": "by Kerberos",
  "gssapi-keyex": "by Kerberos",
  hostbased: "by the key of another host",
  none: "without a password",
};

/** One thing that runs as an account, and what starts it. Written by strangers. */
export function formatWorkload(workload: Workload): { what: string; why: string } {
  switch (workload.kind) {
    case "unit":
      return {
        what: workload.name,
        why: `${workload.path}, ${workload.isEnabled ? "enabled" : "nothing known starts it"}${workload.startedBy.length > 0 ? `, by ${workload.startedBy.join(", ")}` : ""}`,
      };
    case "cron":
      return {
        what: workload.program ?? "a job of cron",
        why: `${workload.path}${workload.line > 0 ? `:${workload.line}` : ""}, ${workload.schedule}`,
      };
    case "at":
      return { what: "a job of at", why: workload.path };
    case "process":
      return {
        what: workload.name,
        why: `${formatCount(workload.count, "process", "processes")}${workload.isContained ? " in a container" : ""} when the host was read`,
      };
    default:
      return assertNever(workload);
  }
}
