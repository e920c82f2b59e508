import type { Account } from "#domain/collection/collection.ts";
import { type Contribution, refuse } from "#domain/ssh/contribution.ts";
import { formatSetting, isYes, type Setting, type Settings } from "#domain/ssh/sshd-settings.ts";

/** Settings that hold for every key of an account. */
export function decideLoginPolicy(account: Account, settings: Settings): Contribution[] {
  return [
    decideConnection(settings),
    decidePublicKeys(settings),
    decideMethods(settings),
    decideRoot(account, settings),
    formatCommand(settings),
  ];
}

/** What PermitRootLogin asks of a line for root: a command of its own. */
export function decideForcedCommand(account: Account, settings: Settings, hasCommand: boolean): Contribution {
  const setting = settings.get("PermitRootLogin");
  const isAsked = account.uid === 0 && setting.values[0]?.toLowerCase() === "forced-commands-only";
  if (!isAsked || hasCommand) return {};
  return refuse(
    `PermitRootLogin forced-commands-only, and the line has no command= (${setting.place})`,
    formatSetting(setting),
  );
}

/** From OpenSSH 9.9 on: sshd hangs up as soon as it knows the name. */
function decideConnection(settings: Settings): Contribution {
  const setting = settings.get("RefuseConnection");
  return isYes(setting.values) ? refuseBy(setting) : {};
}

const refuseBy = (setting: Setting): Contribution => refuse(formatSetting(setting), formatSetting(setting));

function decidePublicKeys(settings: Settings): Contribution {
  const setting = settings.get("PubkeyAuthentication");
  return isYes(setting.values) ? {} : refuseBy(setting);
}

/** Methods that a list may name beside a key, with the setting that switches each off. */
const SWITCHES = {
  gssapi: "GSSAPIAuthentication",
  hostbased: "HostbasedAuthentication",
  "keyboard-interactive": "KbdInteractiveAuthentication",
  password: "PasswordAuthentication",
} as const;

/**
 * A key that needs company is still a way in: it is said, and refuses nothing. sshd passes over a list with a method
 * that is switched off, and where none is left nobody gets in.
 */
function decideMethods(settings: Settings): Contribution {
  const setting = settings.get("AuthenticationMethods");
  const { values, place } = setting;
  if (values.length === 0 || values.includes("any") || values.includes("publickey")) return {};
  const lists = values.map((value) => ({
    value,
    methods: value.split(",").map((method) => method.split(":")[0] ?? ""),
  }));
  const withKey = lists.filter(({ methods }) => methods.includes("publickey"));
  if (withKey.length === 0) {
    return refuse(
      `AuthenticationMethods ${values.join(" ")} asks for no key (${place})`,
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
  return { notes: [`the key alone is not enough: AuthenticationMethods ${said} (${place})`] };
}

function findSwitchedOff(method: string, settings: Settings): Setting | null {
  if (!Object.hasOwn(SWITCHES, method)) return null;
  const setting = settings.get(SWITCHES[method as keyof typeof SWITCHES]);
  return isYes(setting.values) ? null : setting;
}

/** Keys that a command gives sshd come after those of the files, and open what these do not. */
function formatCommand(settings: Settings): Contribution {
  const { values, place } = settings.get("AuthorizedKeysCommand");
  if ((values[0] ?? "none").toLowerCase() === "none") return {};
  return { notRead: [`AuthorizedKeysCommand ${values.join(" ")} was not run (${place})`] };
}

function decideRoot({ uid }: Account, settings: Settings): Contribution {
  const setting = settings.get("PermitRootLogin");
  return uid === 0 && setting.values[0]?.toLowerCase() === "no" ? refuseBy(setting) : {};
}
