import type { Account, AuthorizedKeysFile, HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, refuse } from "#domain/ssh/contribution.ts";
import { matchesGlob } from "#domain/ssh/glob.ts";
import { formatSetting, type Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";
import { expandPath, type TokenAccount, tidy } from "#domain/ssh/tokens.ts";

/** From this version on, sshd expands wildcards in AuthorizedKeysFile. */
const WITH_GLOBS = 1_000;

/** Where the file stands among those that AuthorizedKeysFile names for the account; null when it is none of them. */
export function orderOfFile(
  file: AuthorizedKeysFile,
  account: Account,
  settings: Settings,
  facts: HostFacts,
): number | null {
  const hasGlobs = expandsWildcards(facts);
  const path = tidy(file.path);
  const index = keyFilesOf(settings.get("AuthorizedKeysFile").values, account).findIndex((pattern) =>
    namesFile(pattern, path, hasGlobs),
  );
  return index < 0 ? null : index;
}

/** What AuthorizedKeysFile names for the account, in its order: paths, or patterns with wildcards; nothing for `none`. */
export const keyFilesOf = (values: readonly string[], account: TokenAccount): string[] =>
  values.filter((pattern) => pattern.toLowerCase() !== "none").map((pattern) => expandPath(pattern, account));

/** Whether a pattern of AuthorizedKeysFile, its tokens in place, leads to the file. `hasGlobs`: false for an sshd before 10.0. */
export const namesFile = (pattern: string, path: string, hasGlobs: boolean): boolean =>
  pattern === path || (hasGlobs && matchesGlob(path, pattern));

/** Whether an sshd of this version goes by what wildcards in AuthorizedKeysFile lead to, or may; one that does not reads the file of that very name. */
export function expandsWildcards(facts: { sshdVersion: string | null }): boolean {
  const version = versionOf(facts);
  return version === null || version >= WITH_GLOBS;
}

/** Whether it may lead to other files than the one of that name: which they are only the host can tell, with the account's rights. */
export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Whether sshd consults the file for the account at all. */
export function decideWhichFiles(order: number | null, settings: Settings): Contribution {
  const setting = settings.get("AuthorizedKeysFile");
  if (order !== null) return {};
  const said = `sshd does not read this file for the account: ${formatSetting(setting)}`;
  return refuse(said, formatSetting(setting));
}
