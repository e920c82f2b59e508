import type { Account, HostFacts } from "#domain/collection/collection.ts";
import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { hasPassed, readExpiryTime } from "#domain/ssh/expiry-time.ts";
import { readFromList, usableItems } from "#domain/ssh/from-list.ts";
import { isFlagOn, valueOfOption } from "#domain/ssh/line-options.ts";
import { isYes, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";
import { decideForcedCommand } from "./login-policy.ts";

/** From this version on, sshd reads such a date, and takes it for one that never comes. */
const WITH_DATES_BEFORE_1970 = 1_004;

/** What the line decides whatever the settings are. */
export function decideLineItself(line: KeyLine, facts: HostFacts): Contribution[] {
  if (line.problem !== null || !line.key) return [refuse(line.problem ?? "no key can be read in this line")];
  if (line.parsedOptions.length === 0) return [];
  return [decideExpiry(line, facts), isAuthority(line) ? AUTHORITY : {}];
}

/** What the settings decide of a line that can be read. `ofKey` is what they say of its key alone. */
export function decideLineUnderSettings(
  line: KeyLine,
  account: Account,
  settings: Settings,
  ofKey: readonly Contribution[],
): Contribution[] {
  if (isAuthority(line)) return [decideFrom(line, settings)];
  const hasCommand = valueOfOption(line.parsedOptions, "command") !== null;
  return [...ofKey, decideForcedCommand(account, settings, hasCommand), decideFrom(line, settings)];
}

/** Whether the line is for certificates that its key signed, not for the key. */
export const isAuthority = ({ parsedOptions }: KeyLine): boolean => isFlagOn(parsedOptions, "cert-authority");

/**
 * The key of such a line opens nothing by itself, and whoever holds a certificate that it signed gets in: which
 * there are, no host knows. So it is neither yes nor no.
 */
const AUTHORITY: Contribution = doubt(
  "a certificate authority: it lets in every certificate that it signed, and which there are cannot be read on a host",
);

function decideExpiry({ parsedOptions }: KeyLine, facts: HostFacts): Contribution {
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

function decideFrom({ parsedOptions }: KeyLine, settings: Settings): Contribution {
  const from = valueOfOption(parsedOptions, "from");
  if (from === null) return {};
  const items = readFromList(from);
  if (typeof items === "string") return refuse(`from=: ${items}`);
  const { values, place } = settings.get("usedns");
  if (usableItems(items, { useDns: isYes(values) }).length > 0) return { onlyFrom: [`from="${from}"`] };
  const couldMatch = usableItems(items, { useDns: true }).length > 0;
  return refuse(
    couldMatch
      ? `from="${from}" gives names only, and sshd does not look names up (UseDNS ${values[0] ?? "no"}, ${place})`
      : `from="${from}" lets no address in`,
  );
}
