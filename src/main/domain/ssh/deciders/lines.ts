import type { Account, Collection, HostFacts } from "#domain/collection/collection.ts";
import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { readFromList, takesAddress, usableItems } from "#domain/ssh/from-list.ts";
import {
  hasPassed,
  isFlagOn,
  type LineOption,
  readExpiryTime,
  servicesIn,
  valueOfOption,
} from "#domain/ssh/line-options.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { formatSetting, isYes, type Settings, versionOf } from "#domain/ssh/sshd-settings.ts";
import type { Gift } from "#shared/model/access/verdict.ts";
import { decideForcedCommand } from "./accounts.ts";
import { contributeRevokedCertificates, decideAuthorityAlgorithms, decideRevoked } from "./keys.ts";

/** From this version on, sshd reads a date before 1970, and takes it for one that never comes. */
const WITH_DATES_BEFORE_1970 = 1_004;

/** What the line itself decides, whatever the settings are. */
export function decideLineItself(line: KeyLine, facts: HostFacts): Contribution[] {
  if (line.problem !== null || !line.key) return [refuse(line.problem ?? "no key can be read in this line")];
  if (line.parsedOptions.length === 0) return [];
  return [decideExpiry(line, facts), ...servicesIn(line.parsedOptions).map(doubtService)];
}

const doubtService = (port: string): Contribution =>
  doubt(
    `whether the host has a service named ${port} was not read: where it has none, sshd ignores the line`,
  );

type World = { account: Account; settings: Settings; collection: Collection };

/** What the settings decide about a line that can be read. `ofKey`: what they decide by the key's type and size. */
export function decideLineUnderSettings(
  line: KeyLine,
  ofKey: readonly Contribution[],
  { account, settings, collection }: World,
): Contribution[] {
  const { key } = line;
  if (!key) return [];
  const keyOpinions = [decideRevoked(key, settings, collection), decideFrom(line, settings)];
  if (isAuthority(line)) {
    return [
      ...keyOpinions,
      ...decideAuthorityAlgorithms(key, settings),
      decidePrincipals(line, account, collection.facts),
      contributeRevokedCertificates(key, settings, collection),
    ];
  }
  const hasCommand = valueOfOption(line.parsedOptions, "command") !== null;
  return [...ofKey, decideForcedCommand(account, settings, hasCommand), ...keyOpinions];
}

type Options = { parsedOptions: readonly LineOption[] };

export function decideExpiry({ parsedOptions }: Options, facts: HostFacts): Contribution {
  const { unixTime, utcOffset } = facts;
  const written = parsedOptions.flatMap(({ name, value }) =>
    name === "expiry-time" && value ? [value] : [],
  );
  const doubts: string[] = [];
  for (const text of written) {
    const expiry = readExpiryTime(text);
    if (!expiry) continue;
    if (expiry.seconds < 0 && (versionOf(facts) ?? 0) < WITH_DATES_BEFORE_1970) {
      return refuse(`expiry-time="${text}" is not a date that this sshd reads`);
    }
    const passed = unixTime === null ? null : hasPassed(expiry, unixTime, utcOffset);
    if (passed) return refuse(`expiry-time="${text}" has passed by the host's clock`);
    if (passed === null)
      doubts.push(`the host's clock or zone leaves open whether expiry-time="${text}" has passed`);
  }
  return { doubts };
}

export function decideFrom({ parsedOptions }: Options, settings: Settings): Contribution {
  const from = valueOfOption(parsedOptions, "from");
  if (from === null) return {};
  const items = readFromList(from);
  if (typeof items === "string") return refuse(`from=: ${items}`);
  const setting = settings.get("UseDNS");
  const { values, location } = setting;
  if (usableItems(items, { useDns: isYes(values) }).length > 0) return { onlyFrom: [`from="${from}"`] };
  if (usableItems(items, { useDns: true }).length === 0) return refuse(`from="${from}" lets no address in`);
  return refuse(
    `from="${from}" gives names only, and sshd does not look names up (UseDNS ${values[0] ?? "no"}, ${location})`,
    formatSetting(setting),
  );
}

/** From this version on, a certificate that names no principal lets nobody in. */
const WITHOUT_EMPTY_PRINCIPALS = 1_003;

/** Whether the line accepts certificates that its key signed, and not the key. */
export const isAuthority = ({ parsedOptions }: KeyLine): boolean => isFlagOn(parsedOptions, "cert-authority");

/** A certificate must have one of these principals: those of the line, otherwise the account's name. */
export function principalsOf({ parsedOptions }: KeyLine, account: Account): string[] {
  const written = valueOfOption(parsedOptions, "principals");
  if (written === null) return [account.name];
  // sshd stops at the first empty name.
  const names = written.split(",");
  const empty = names.indexOf("");
  return [...new Set(empty < 0 ? names : names.slice(0, empty))];
}

/**
 * The key of such a line does not log in by itself: whoever has a certificate that it signed does. No host knows
 * which certificates exist, so the verdict is the one for a valid certificate.
 */
function decidePrincipals(line: KeyLine, account: Account, facts: HostFacts): Contribution {
  const names = principalsOf(line, account);
  if (names.length === 0) return refuse("principals= names nobody, so that no certificate fits");
  const version = versionOf(facts);
  const isBare = valueOfOption(line.parsedOptions, "principals") === null;
  const mayBeEmpty = isBare && version !== null && version < WITHOUT_EMPTY_PRINCIPALS;
  return {
    notes: [
      `a certificate authority: its key opens nothing, and a certificate that it signed can log in with the principal ${formatNames(names)}`,
      ...(mayBeEmpty ? ["this sshd also takes a certificate of it that names no principal at all"] : []),
    ],
    notRead: ["which certificates the authority has signed"],
  };
}

export const formatNames = (names: readonly string[]): string => {
  const said = names.slice(0, MOST_SAID).map((name) => `"${name}"`);
  return [...said, ...(names.length > MOST_SAID ? [`${names.length - MOST_SAID} more`] : [])].join(" or ");
};
const MOST_SAID = 8;

/** `address`: as the host sees it; null where that is not known. `unixTime`: by the host's clock. */
type Login = { address: string | null; unixTime: number };

/** Whether from= and expiry-time= of a line let this login in; null where we cannot know. */
export function letsIn(options: readonly LineOption[], { address, unixTime }: Login): boolean | null {
  const from = valueOfOption(options, "from");
  const byAddress = from === null ? true : address === null ? null : takesAddress(from, address);
  const byDates = options
    .filter(({ name }) => name === "expiry-time")
    .map(({ value }) => {
      const date = readExpiryTime(value ?? "");
      const isOver = date && hasPassed(date, unixTime, null);
      return isOver === null ? null : !isOver;
    });
  const all = [byAddress, ...byDates];
  if (all.includes(false)) return false;
  return all.includes(null) ? null : true;
}

const NO_LOGIN = /\/(?:nologin|false)$/;

/** What a login gets: everybody expects a shell, so anything else gets a note. */
export function decideGifts(line: Options, account: Account, settings: Settings): Contribution {
  const session = giveSession(line, account, settings);
  const isForwarding = mayForward(line.parsedOptions, settings);
  const gives: Gift[] = [...session.gives, ...(isForwarding ? (["forwarding"] as const) : [])];
  return { gives, notes: session.why ? [`${session.why}${describeRest(gives)}`] : [] };
}

type Session = { gives: Gift[]; why: string | null };

/** ForceCommand overrides the line's command; without a real shell no command runs, but internal-sftp needs none. */
function giveSession({ parsedOptions }: Options, { shell }: Account, settings: Settings): Session {
  const hasShell = !NO_LOGIN.test(shell);
  const setting = settings.get("ForceCommand");
  const ofSetting = setting.values.join(" ");
  const isForced = ofSetting.toLowerCase() !== "none";
  const command = isForced ? ofSetting : valueOfOption(parsedOptions, "command");
  const source = isForced ? `ForceCommand ${ofSetting} (${setting.location})` : `command="${command}"`;
  if (command !== null) {
    if (isInternalSftp(command)) return { gives: ["sftp"], why: `${source} gives no shell` };
    if (hasShell) return { gives: ["command"], why: isForced ? `${source} is all that runs` : null };
    return { gives: [], why: `${shell} gives no shell, and ${source} does not run without one` };
  }
  if (hasShell) return { gives: ["shell"], why: null };
  const words = settings.get("Subsystem").values;
  const hasSftp = words.some((word, index) => word === "sftp" && isInternalSftp(words[index + 1] ?? ""));
  return { gives: hasSftp ? ["sftp"] : [], why: `${shell} gives no shell` };
}

const isInternalSftp = (command: string): boolean => /^internal-sftp(?:\s|$)/.test(command);

/** sshd applies the options of a line in their order: the last one counts. */
function mayForward(options: readonly LineOption[], settings: Settings): boolean {
  const isOff = isYes(settings.get("DisableForwarding").values);
  const ofTcp = settings.get("AllowTcpForwarding").values[0]?.toLowerCase();
  if (isOff || ofTcp === "no") return false;
  const last = options.findLast(({ name }) => name === "restrict" || name === "port-forwarding");
  return last === undefined || (last.name === "port-forwarding" && last.isOn);
}

function describeRest(gives: readonly Gift[]): string {
  if (gives.length === 0) return ", and the key opens nothing else: a login ends at once";
  const more = [
    ...(gives.includes("forwarding") ? ["port forwarding"] : []),
    ...(gives.includes("sftp") ? ["SFTP"] : []),
  ];
  return gives.includes("command") ? "" : `, but the key opens ${more.join(" and ")}`;
}
