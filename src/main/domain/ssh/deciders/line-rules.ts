import type { Account, Collection, HostFacts } from "#domain/collection/collection.ts";
import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { hasPassed, readExpiryTime } from "#domain/ssh/expiry-time.ts";
import { readFromList, usableItems } from "#domain/ssh/from-list.ts";
import { servicesIn, valueOfOption } from "#domain/ssh/line-options.ts";
import { formatSetting, isYes, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";
import { decideAuthorityAlgorithms } from "./algorithms.ts";
import { decidePrincipals, isAuthority } from "./authority.ts";
import { decideForcedCommand } from "./login-policy.ts";
import { decideRevoked, formatRevokedCertificates } from "./revocation.ts";

/** From this version on, sshd reads such a date, and takes it for one that never comes. */
const WITH_DATES_BEFORE_1970 = 1_004;

/** What the line decides whatever the settings are. */
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

/** What the settings decide of a line that can be read. `ofKey` is what they say of its type and size. */
export function decideLineUnderSettings(
  line: KeyLine,
  ofKey: readonly Contribution[],
  { account, settings, collection }: World,
): Contribution[] {
  const { key } = line;
  if (!key) return [];
  const isTaken = [decideRevoked(key, settings, collection), decideFrom(line, settings)];
  if (isAuthority(line)) {
    return [
      ...isTaken,
      ...decideAuthorityAlgorithms(key, settings),
      decidePrincipals(line, account, collection.facts),
      formatRevokedCertificates(key, settings, collection),
    ];
  }
  const hasCommand = valueOfOption(line.parsedOptions, "command") !== null;
  return [...ofKey, decideForcedCommand(account, settings, hasCommand), ...isTaken];
}

type Options = Pick<KeyLine, "parsedOptions">;

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
  const { values, place } = setting;
  if (usableItems(items, { useDns: isYes(values) }).length > 0) return { onlyFrom: [`from="${from}"`] };
  if (usableItems(items, { useDns: true }).length === 0) return refuse(`from="${from}" lets no address in`);
  return refuse(
    `from="${from}" gives names only, and sshd does not look names up (UseDNS ${values[0] ?? "no"}, ${place})`,
    formatSetting(setting),
  );
}
