import type { PasswordState } from "../../model/access/account.ts";
import type { PasswordAge } from "../../model/access/password-age.ts";
import { countDays } from "../../model/instant.ts";
import { formatCount } from "../count.ts";

const STATES: Record<PasswordState, string> = {
  set: "set",
  locked: "locked: none is accepted",
  none: "empty",
  unknown: "not read",
};

type Aged = { passwordAge: PasswordAge | null };
type Password = Aged & { passwordState: PasswordState };

/** The state of a password, and, where there is one, when it was set and how long it may be used. */
export function formatPassword({ passwordState, passwordAge }: Password, now: Date): string {
  const state = STATES[passwordState];
  if (passwordState !== "set") return state;
  if (passwordAge === null) return `${state}; its age was not read`;
  return `${formatSet(passwordAge, now)}, ${formatEnd(passwordAge, now)}`;
}

function formatSet({ changedAt, mustChange }: PasswordAge, now: Date): string {
  if (mustChange) return "set, to be changed at the next login";
  if (changedAt === null) return "set, nothing says when";
  const days = countDays(new Date(changedAt), now);
  if (days < 0) return `set on ${changedAt.slice(0, 10)} by the host's clock, which is to come`;
  return days === 0 ? "set today" : `set ${formatCount(days, "day")} ago`;
}

function formatEnd({ tooOldAt, refusedAt }: PasswordAge, now: Date): string {
  if (tooOldAt === null) return "expires never";
  if (!isPast(tooOldAt, now)) {
    const left = countDays(now, new Date(tooOldAt));
    return left === 0 ? "expires within a day" : `expires in ${formatCount(left, "day")}`;
  }
  const past = countDays(new Date(tooOldAt), now);
  const since = past === 0 ? "expired today" : `expired ${formatCount(past, "day")} ago`;
  return isPast(refusedAt, now)
    ? `${since}: too old for any login, by key too`
    : `${since}: to be changed at the next login`;
}

/** When an account expires, or that it has. */
export function formatAccountExpiry({ passwordAge }: Aged, now: Date): string {
  if (passwordAge === null) return "not read";
  const { accountExpiresAt } = passwordAge;
  if (accountExpiresAt === null) return "never";
  const date = accountExpiresAt.slice(0, 10);
  return isPast(accountExpiresAt, now) ? `on ${date}: it has expired, and lets nobody in` : `on ${date}`;
}

/** Why an account lets nobody in, whatever its password and its keys are; null where its dates do not say so. */
export function formatShut({ passwordAge }: Aged, now: Date): string | null {
  if (passwordAge === null) return null;
  if (isPast(passwordAge.accountExpiresAt, now)) return "account expired";
  return isPast(passwordAge.refusedAt, now) ? "password too old" : null;
}

const isPast = (instant: string | null, now: Date): boolean =>
  instant !== null && Date.parse(instant) <= now.getTime();
