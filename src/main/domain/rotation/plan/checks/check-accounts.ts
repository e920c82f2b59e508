import { accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { Check } from "#shared/model/plan.ts";

const NO_FILES =
  "which files sshd reads for it is not known; only the login will tell whether this one counts";
const NO_SETTINGS =
  "what sshd goes by for it is not known, AuthorizedKeysCommand and AuthenticationMethods among it; only the login will tell whether this file counts";

/** What else of the accounts should be known before. */
export function checkAccounts(draft: Draft): Check[] {
  const { facts: host, files } = draft;
  const changed = new Set(files.flatMap((file) => accountsOf(draft, file)));
  return host.accounts
    .filter(({ name }) => changed.has(name))
    .flatMap(({ name, isSshdKnown, keysCommand, consulted }) => {
      const about = { host, account: name };
      const command = `keys that AuthorizedKeysCommand ${keysCommand} gives sshd are not changed`;
      const unknown = isSshdKnown ? NO_FILES : NO_SETTINGS;
      return [
        ...(name === "root" ? [makeCheck("warning", "root", about, "the account is root")] : []),
        ...(keysCommand === null ? [] : [makeCheck("warning", "keys-command", about, command)]),
        ...(consulted === null || !isSshdKnown ? [makeCheck("warning", "consulted", about, unknown)] : []),
      ];
    });
}
