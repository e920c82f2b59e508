import type { Account, HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { formatSetting, isYes, type Settings } from "#domain/ssh/sshd-settings.ts";

const DAY_SECONDS = 86_400;
/** What of the account lets sshd refuse it that hangs on settings: its shell, its password, a host that is closed. */
export function decideAccountState(account: Account, settings: Settings, facts: HostFacts): Contribution[] {
  const usePam = isYes(settings.get("UsePAM").values);
  return [
    decideShell(account, settings),
    decideClosed(account, facts, usePam),
    ...(usePam ? [passUnderPam(account), decideAge(account, facts)] : [decideLock(account, settings)]),
  ];
}

function decideShell({ name, shell, isShellUsable }: Account, settings: Settings): Contribution {
  const chroot = settings.get("ChrootDirectory");
  const isChecked = (chroot.values[0] ?? "none").toLowerCase() === "none";
  if (isChecked && isShellUsable === false) {
    const reason = `the shell of ${name}, ${shell || "/bin/sh"}, does not exist or cannot be executed`;
    return refuse(reason, `the shell of ${name}, ${shell || "/bin/sh"}`);
  }
  if (isChecked && isShellUsable === null)
    return doubt(`whether ${shell || "/bin/sh"} can be executed was not read`);
  return {};
}

/** sshd alone lets in and ends the session at once; under PAM it hangs on whether its rules name pam_nologin. */
function decideClosed(
  { uid, name }: Account,
  { closedBy, isClosedUnderPam }: HostFacts,
  usePam: boolean,
): Contribution {
  if (uid === 0 || closedBy === null) return {};
  const closed = {
    notes: [`${closedBy} is there: ${name} gets no session while it is, only port forwarding`],
  };
  if (!usePam || isClosedUnderPam === false) return closed;
  if (isClosedUnderPam) return refuse(`${closedBy} closes the host to all but root`, closedBy);
  return doubt(`${closedBy} closes the host to all but root where PAM uses pam_nologin, as it usually does`);
}

/** A password that is too old even for the days of grace. Versions of PAM differ on the day itself. */
function decideAge({ name, agedOnDay, expiresOnDay }: Account, { unixTime }: HostFacts): Contribution {
  // Both are read from one place, and one sentence is enough to say that it was not.
  if (agedOnDay === null || expiresOnDay === "unknown") return {};
  if (agedOnDay === "unknown")
    return doubt(`whether the password of ${name} is too old was not read, which counts under PAM`);
  if (unixTime === null)
    return doubt(`the host's clock was not read, and the password of ${name} gets too old one day`);
  const today = Math.floor(unixTime / DAY_SECONDS);
  if (today < agedOnDay) return {};
  const reason = `the password of ${name} is too old since ${formatDay(agedOnDay)}, for which PAM refuses keys too`;
  return today > agedOnDay ? refuse(reason, `the age of the password of ${name}`) : doubt(reason);
}

const formatDay = (day: number): string => new Date(day * DAY_SECONDS * 1_000).toISOString().slice(0, 10);

/** PAM counts the day itself as expired, sshd alone only the days after it. */
export function decideAccountExpiry(
  account: Account,
  settings: Settings,
  { unixTime }: HostFacts,
): Contribution {
  const { name, expiresOnDay } = account;
  const usePam = isYes(settings.get("UsePAM").values);
  if (expiresOnDay === null) return {};
  if (expiresOnDay === "unknown") return doubt(`whether the account ${name} has expired was not read`);
  if (unixTime === null)
    return doubt(`the host's clock was not read, and the account ${name} expires one day`);
  const today = Math.floor(unixTime / DAY_SECONDS);
  if (usePam ? today < expiresOnDay : today <= expiresOnDay) return {};
  return refuse(
    `the account ${name} expired on ${formatDay(expiresOnDay)}`,
    `the day on which the account ${name} expires`,
  );
}

function passUnderPam({ name, passwordState }: Account): Contribution {
  const notes =
    passwordState === "locked"
      ? [`the password of ${name} is locked, which under PAM does not stop a key`]
      : [];
  return { notes, notRead: ["what PAM's account modules add of their own"] };
}

function decideLock({ name, isLockedForSshd }: Account, settings: Settings): Contribution {
  const setting = settings.get("UsePAM");
  if (isLockedForSshd) {
    return refuse(
      `the password of ${name} is locked, which without PAM refuses keys too (UsePAM no, ${setting.place})`,
      formatSetting(setting),
    );
  }
  if (isLockedForSshd === false) return {};
  return doubt(`whether the password of ${name} is locked was not read, which counts without PAM`);
}
