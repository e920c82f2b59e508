import type { Account, HostFacts } from "#domain/collection/collection.ts";
import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { type Contribution, refuse } from "#domain/ssh/contribution.ts";
import { isFlagOn, valueOfOption } from "#domain/ssh/line-options.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";

/** From this version on, a certificate that names no principal lets nobody in. */
const WITHOUT_EMPTY_PRINCIPALS = 1_003;

/** Whether the line is for certificates that its key signed, not for the key. */
export const isAuthority = ({ parsedOptions }: KeyLine): boolean => isFlagOn(parsedOptions, "cert-authority");

/** The names of which a certificate must have one: those of the line, otherwise the account's. */
export function principalsOf({ parsedOptions }: KeyLine, account: Account): string[] {
  const written = valueOfOption(parsedOptions, "principals");
  if (written === null) return [account.name];
  // sshd reads no further than to the first empty name.
  const names = written.split(",");
  const empty = names.indexOf("");
  return [...new Set(empty < 0 ? names : names.slice(0, empty))];
}

/**
 * The key of such a line opens nothing by itself: whoever holds a certificate that it signed gets in. Which there
 * are, no host knows; the verdict is that of a certificate in good order.
 */
export function decidePrincipals(line: KeyLine, account: Account, facts: HostFacts): Contribution {
  const names = principalsOf(line, account);
  if (names.length === 0) return refuse("principals= names nobody, so that no certificate fits");
  const version = versionOf(facts);
  const isBare = valueOfOption(line.parsedOptions, "principals") === null;
  const mayBeEmpty = isBare && version !== null && version < WITHOUT_EMPTY_PRINCIPALS;
  return {
    notes: [
      `a certificate authority: its key opens nothing, and a certificate that it signed lets in with the principal ${formatNames(names)}`,
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
