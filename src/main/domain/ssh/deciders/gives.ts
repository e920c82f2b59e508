import type { Account } from "#domain/collection/collection.ts";
import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import type { Contribution } from "#domain/ssh/contribution.ts";
import { type LineOption, valueOfOption } from "#domain/ssh/line-options.ts";
import { isYes, type Settings } from "#domain/ssh/sshd-settings.ts";
import type { Gift } from "#shared/model/verdict.ts";

const NO_LOGIN = /\/(?:nologin|false)$/;

/** What whoever is let in gets: a shell without more is what everybody expects, anything else is said. */
export function decideGifts(
  line: Pick<KeyLine, "parsedOptions">,
  account: Account,
  settings: Settings,
): Contribution {
  const session = giveSession(line, account, settings);
  const isForwarding = mayForward(line.parsedOptions, settings);
  const gives: Gift[] = [...session.gives, ...(isForwarding ? (["forwarding"] as const) : [])];
  return { gives, notes: session.why ? [`${session.why}${sayRest(gives)}`] : [] };
}

type Session = { gives: Gift[]; why: string | null };

/** ForceCommand goes before the line's command; what is no shell runs none, but sshd's own SFTP needs none. */
function giveSession(
  { parsedOptions }: Pick<KeyLine, "parsedOptions">,
  { shell }: Account,
  settings: Settings,
): Session {
  const hasShell = !NO_LOGIN.test(shell);
  const setting = settings.get("ForceCommand");
  const ofSetting = setting.values.join(" ");
  const isForced = ofSetting.toLowerCase() !== "none";
  const command = isForced ? ofSetting : valueOfOption(parsedOptions, "command");
  const source = isForced ? `ForceCommand ${ofSetting} (${setting.place})` : `command="${command}"`;
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

/** The options of a line are taken one after another: what stands last counts. */
function mayForward(options: readonly LineOption[], settings: Settings): boolean {
  const isOff = isYes(settings.get("DisableForwarding").values);
  const ofTcp = settings.get("AllowTcpForwarding").values[0]?.toLowerCase();
  if (isOff || ofTcp === "no") return false;
  const last = options.findLast(({ name }) => name === "restrict" || name === "port-forwarding");
  return last === undefined || (last.name === "port-forwarding" && last.isOn);
}

function sayRest(gives: readonly Gift[]): string {
  if (gives.length === 0) return ", and the key opens nothing else: a login ends at once";
  const more = [
    ...(gives.includes("forwarding") ? ["port forwarding"] : []),
    ...(gives.includes("sftp") ? ["SFTP"] : []),
  ];
  return gives.includes("command") ? "" : `, but the key opens ${more.join(" and ")}`;
}
