import type { Account } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { type FromItem, readFromList, usableItems } from "#domain/ssh/from-list.ts";
import { matchesPattern } from "#domain/ssh/pattern.ts";
import { formatSetting, isYes, type Settings } from "#domain/ssh/sshd-settings.ts";

/** AllowUsers, DenyUsers, AllowGroups and DenyGroups, in sshd's order: who is denied is not saved by being allowed. */
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
  const { values, place } = setting;
  const named = usersIn(values, account.name);
  const everywhere = named.find(({ from }) => from === null || coversAll(from));
  if (everywhere) {
    return refuse(
      `DenyUsers ${everywhere.pattern} refuses ${account.name} (${place})`,
      formatSetting(setting),
    );
  }
  const partly = named.filter(({ from }) => from && usableItems(from, { useDns }).length > 0);
  return { onlyFrom: partly.map(({ pattern }) => `not where DenyUsers ${pattern} matches (${place})`) };
}

function decideAllowUsers(account: Account, settings: Settings, useDns: boolean): Contribution {
  const setting = settings.get("AllowUsers");
  const { values, place } = setting;
  if (values.length === 0) return {};
  const named = usersIn(values, account.name);
  if (named.some(({ from }) => from === null)) return {};
  const usable = named.filter(({ from }) => from && usableItems(from, { useDns }).length > 0);
  if (usable.length > 0) {
    return { onlyFrom: usable.map(({ pattern }) => `AllowUsers ${pattern} (${place})`) };
  }
  return refuse(`AllowUsers does not name ${account.name} (${place})`, formatSetting(setting));
}

function decideGroups({ name, groups }: Account, settings: Settings, areGroupsWhole: boolean): Contribution {
  const deny = settings.get("DenyGroups");
  const allow = settings.get("AllowGroups");
  if (deny.values.length === 0 && allow.values.length === 0) return {};
  const notRead = doubt(`the groups of ${name} were not all read, and sshd goes by groups`);
  if (groups === null) return notRead;
  const denied = groups.find((group) => deny.values.some((pattern) => matchesPattern(group, pattern)));
  if (denied !== undefined)
    return refuse(`DenyGroups refuses the group ${denied} of ${name} (${deny.place})`, formatSetting(deny));
  if (deny.values.length > 0 && !areGroupsWhole) return notRead;
  const isAllowed = groups.some((group) => allow.values.some((pattern) => matchesPattern(group, pattern)));
  if (isAllowed) return {};
  if (!areGroupsWhole) return notRead;
  if (groups.length === 0) return refuse(`${name} is in no group, and sshd goes by groups (${deny.place})`);
  if (allow.values.length === 0) return {};
  return refuse(`AllowGroups names no group of ${name} (${allow.place})`, formatSetting(allow));
}

type Named = { pattern: string /** Null: from anywhere. */; from: FromItem[] | null };

/** The patterns that match the name, each with where it binds it to. */
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
