import type { Account, HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { isYes, type Settings } from "#domain/ssh/sshd-settings.ts";

const DAY_SECONDS = 86_400;
const NO_LOGIN = /\/(?:nologin|false)$/;

/** What of the account lets sshd refuse it that hangs on settings: its shell and the lock on its password. */
export function decideAccountState(account: Account, settings: Settings): Contribution[] {
  const usePam = isYes(settings.get("usepam").values);
  return [decideShell(account, settings), usePam ? passUnderPam(account) : decideLock(account, settings)];
}

function decideShell({ name, shell, isShellUsable }: Account, settings: Settings): Contribution {
  const chroot = settings.get("chrootdirectory");
  const isChecked = (chroot.values[0] ?? "none").toLowerCase() === "none";
  if (isChecked && isShellUsable === false) {
    return refuse(`the shell of ${name}, ${shell || "/bin/sh"}, does not exist or cannot be executed`);
  }
  if (isChecked && isShellUsable === null)
    return doubt(`whether ${shell || "/bin/sh"} can be executed was not read`);
  if (!NO_LOGIN.test(shell)) return {};
  return {
    notes: [`${shell} gives no shell, but the key still opens port forwarding and what ForceCommand allows`],
  };
}

/** PAM counts the day itself as expired, sshd alone only the days after it. */
export function decideAccountExpiry(
  account: Account,
  settings: Settings,
  { unixTime }: HostFacts,
): Contribution {
  const { name, expiresOnDay } = account;
  const usePam = isYes(settings.get("usepam").values);
  if (expiresOnDay === null) return {};
  if (expiresOnDay === "unknown") return doubt(`whether the account ${name} has expired was not read`);
  if (unixTime === null)
    return doubt(`the host's clock was not read, and the account ${name} expires one day`);
  const today = Math.floor(unixTime / DAY_SECONDS);
  if (usePam ? today < expiresOnDay : today <= expiresOnDay) return {};
  const date = new Date(expiresOnDay * DAY_SECONDS * 1_000).toISOString().slice(0, 10);
  return refuse(`the account ${name} expired on ${date}`);
}

function passUnderPam({ name, passwordState }: Account): Contribution {
  const notes =
    passwordState === "locked"
      ? [`the password of ${name} is locked, which under PAM does not stop a key`]
      : [];
  return { notes, notRead: ["what PAM's account modules add of their own"] };
}

function decideLock({ name, isLockedForSshd }: Account, settings: Settings): Contribution {
  const { place } = settings.get("usepam");
  if (isLockedForSshd) {
    return refuse(
      `the password of ${name} is locked, which without PAM refuses keys too (UsePAM no, ${place})`,
    );
  }
  if (isLockedForSshd === false) return {};
  return doubt(`whether the password of ${name} is locked was not read, which counts without PAM`);
}
