import type { Account, HostFacts } from "#domain/collection/collection.ts";
import { type FromItem, readFromList, usableItems } from "#domain/ssh/from-list.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { matchesPattern } from "#domain/ssh/patterns.ts";
import { formatSetting, isYes, type Setting, type Settings } from "#domain/ssh/sshd-settings.ts";

/** AllowUsers, DenyUsers, AllowGroups and DenyGroups, in sshd's order: a denial counts before an allowance. */
export function decideWhoMayLogIn(
  account: Account,
  settings: Settings,
  areGroupsWhole: boolean,
): Contribution[] {
  const useDns = isYes(settings.get("UseDNS").values);
  return [
    decideDenyUsers(account, settings, useDns),
    decideAllowUsers(account, settings, useDns),
    decideGroups(account, settings, areGroupsWhole),
  ];
}

function decideDenyUsers(account: Account, settings: Settings, useDns: boolean): Contribution {
  const setting = settings.get("DenyUsers");
  const { values, location } = setting;
  const named = usersIn(values, account.name);
  const everywhere = named.find(({ from }) => from === null || coversAll(from));
  if (everywhere) {
    return refuse(
      `DenyUsers ${everywhere.pattern} refuses ${account.name} (${location})`,
      formatSetting(setting),
    );
  }
  const partly = named.filter(({ from }) => from && usableItems(from, { useDns }).length > 0);
  return { onlyFrom: partly.map(({ pattern }) => `not where DenyUsers ${pattern} matches (${location})`) };
}

function decideAllowUsers(account: Account, settings: Settings, useDns: boolean): Contribution {
  const setting = settings.get("AllowUsers");
  const { values, location } = setting;
  if (values.length === 0) return {};
  const named = usersIn(values, account.name);
  if (named.some(({ from }) => from === null)) return {};
  const usable = named.filter(({ from }) => from && usableItems(from, { useDns }).length > 0);
  if (usable.length > 0) {
    return { onlyFrom: usable.map(({ pattern }) => `AllowUsers ${pattern} (${location})`) };
  }
  return refuse(`AllowUsers does not name ${account.name} (${location})`, formatSetting(setting));
}

function decideGroups({ name, groups }: Account, settings: Settings, areGroupsWhole: boolean): Contribution {
  const deny = settings.get("DenyGroups");
  const allow = settings.get("AllowGroups");
  if (deny.values.length === 0 && allow.values.length === 0) return {};
  const notRead = doubt(`the groups of ${name} were not all read, and sshd goes by groups`);
  if (groups === null) return notRead;
  const denied = groups.find((group) => deny.values.some((pattern) => matchesPattern(group, pattern)));
  if (denied !== undefined)
    return refuse(
      `DenyGroups refuses the group ${denied} of ${name} (${deny.location})`,
      formatSetting(deny),
    );
  if (deny.values.length > 0 && !areGroupsWhole) return notRead;
  const isAllowed = groups.some((group) => allow.values.some((pattern) => matchesPattern(group, pattern)));
  if (isAllowed) return {};
  if (!areGroupsWhole) return notRead;
  if (groups.length === 0)
    return refuse(`${name} is in no group, and sshd goes by groups (${deny.location})`);
  if (allow.values.length === 0) return {};
  return refuse(`AllowGroups names no group of ${name} (${allow.location})`, formatSetting(allow));
}

type Named = { pattern: string /** Null: from anywhere. */; from: FromItem[] | null };

/** The patterns that match the name, each with the addresses that it is limited to. */
function usersIn(patterns: readonly string[], name: string): Named[] {
  return patterns.flatMap((pattern): Named[] => {
    const at = pattern.lastIndexOf("@");
    if (!matchesPattern(name, at < 0 ? pattern : pattern.slice(0, at))) return [];
    if (at < 0) return [{ pattern, from: null }];
    const from = readFromList(pattern.slice(at + 1));
    return typeof from === "string" ? [] : [{ pattern, from }];
  });
}

const coversAll = (items: readonly FromItem[]): boolean =>
  items.some(({ isNegated, text }) => !isNegated && text === "*") &&
  !items.some(({ isNegated }) => isNegated);

/** Settings that hold for every key of an account. */
export function decideLoginPolicy(account: Account, settings: Settings): Contribution[] {
  return [
    decideConnection(settings),
    decidePublicKeys(settings),
    decideMethods(settings),
    decideRoot(account, settings),
    contributeCommand(settings),
  ];
}

/** PermitRootLogin forced-commands-only requires a command= on a line for root. */
export function decideForcedCommand(account: Account, settings: Settings, hasCommand: boolean): Contribution {
  const setting = settings.get("PermitRootLogin");
  const isNeeded = account.uid === 0 && setting.values[0]?.toLowerCase() === "forced-commands-only";
  if (!isNeeded || hasCommand) return {};
  return refuse(
    `PermitRootLogin forced-commands-only, and the line has no command= (${setting.location})`,
    formatSetting(setting),
  );
}

/** RefuseConnection, from OpenSSH 9.9 on: sshd hangs up as soon as it knows the name. */
function decideConnection(settings: Settings): Contribution {
  const setting = settings.get("RefuseConnection");
  return isYes(setting.values) ? refuseBy(setting) : {};
}

const refuseBy = (setting: Setting): Contribution => refuse(formatSetting(setting), formatSetting(setting));

function decidePublicKeys(settings: Settings): Contribution {
  const setting = settings.get("PubkeyAuthentication");
  return isYes(setting.values) ? {} : refuseBy(setting);
}

/** Methods that a list may name besides a key, with the setting that switches each off. */
const SWITCHES = {
  gssapi: "GSSAPIAuthentication",
  hostbased: "HostbasedAuthentication",
  "keyboard-interactive": "KbdInteractiveAuthentication",
  password: "PasswordAuthentication",
} as const;

/**
 * A list that names a further method besides the key refuses nothing, and is noted. sshd ignores a list with a method
 * that is switched off; where no list is left, nobody gets in.
 */
function decideMethods(settings: Settings): Contribution {
  const setting = settings.get("AuthenticationMethods");
  const { values, location } = setting;
  if (values.length === 0 || values.includes("any") || values.includes("publickey")) return {};
  const lists = values.map((value) => ({
    value,
    methods: value.split(",").map((method) => method.split(":")[0] ?? ""),
  }));
  const withKey = lists.filter(({ methods }) => methods.includes("publickey"));
  if (withKey.length === 0) {
    return refuse(
      `AuthenticationMethods ${values.join(" ")} asks for no key (${location})`,
      formatSetting(setting),
    );
  }
  const offOf = (methods: string[]) => methods.flatMap((method) => findSwitchedOff(method, settings) ?? []);
  const usable = withKey.filter(({ methods }) => offOf(methods).length === 0);
  const [off] = withKey.flatMap(({ methods }) => offOf(methods));
  if (usable.length === 0 && off) {
    return refuse(
      `${formatSetting(setting)} asks for a method that is switched off: ${formatSetting(off)}`,
      formatSetting(off),
    );
  }
  const said = usable.map(({ value }) => value).join(" ");
  return { notes: [`the key alone is not enough: AuthenticationMethods ${said} (${location})`] };
}

function findSwitchedOff(method: string, settings: Settings): Setting | null {
  if (!Object.hasOwn(SWITCHES, method)) return null;
  const setting = settings.get(SWITCHES[method as keyof typeof SWITCHES]);
  return isYes(setting.values) ? null : setting;
}

/** sshd tries the keys of AuthorizedKeysCommand after those of the files: they can let in whom no file lets in. */
function contributeCommand(settings: Settings): Contribution {
  const { values, location } = settings.get("AuthorizedKeysCommand");
  if ((values[0] ?? "none").toLowerCase() === "none") return {};
  return { notRead: [`AuthorizedKeysCommand ${values.join(" ")} was not run (${location})`] };
}

function decideRoot({ uid }: Account, settings: Settings): Contribution {
  const setting = settings.get("PermitRootLogin");
  return uid === 0 && setting.values[0]?.toLowerCase() === "no" ? refuseBy(setting) : {};
}

const DAY_SECONDS = 86_400;
/** What makes sshd refuse the account, depending on settings: its shell, its password, a host with /etc/nologin. */
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

/** Without PAM, sshd lets in and ends the session at once; under PAM, rules that name pam_nologin refuse the login. */
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
  // Both come from the account's line in shadow: decideAccountExpiry already reports that it was not read.
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

/** PAM counts the day itself as expired; sshd without PAM counts only the days after it. */
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
      `the password of ${name} is locked, which without PAM refuses keys too (UsePAM no, ${setting.location})`,
      formatSetting(setting),
    );
  }
  if (isLockedForSshd === false) return {};
  return doubt(`whether the password of ${name} is locked was not read, which counts without PAM`);
}
