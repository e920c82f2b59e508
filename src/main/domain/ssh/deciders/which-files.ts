import type { Account, AuthorizedKeysFile, HostFacts } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { matchesPattern } from "#domain/ssh/pattern.ts";
import type { Settings } from "#domain/ssh/sshd-settings.ts";
import { versionOf } from "#domain/ssh/sshd-version.ts";

/** From this version on, sshd expands wildcards in AuthorizedKeysFile. */
const WITH_GLOBS = 1_000;

/** Where the file stands among those that AuthorizedKeysFile names for the account; null when it is none of them. */
export function orderOfFile(
  file: AuthorizedKeysFile,
  account: Account,
  settings: Settings,
  facts: HostFacts,
): number | null {
  const version = versionOf(facts);
  const hasGlobs = version === null || version >= WITH_GLOBS;
  const path = tidy(file.path);
  const index = settings
    .get("authorizedkeysfile")
    .values.map((pattern) => tidy(expandTokens(pattern, account)))
    .findIndex((pattern) => pattern === path || (hasGlobs && matchesGlob(path, pattern)));
  return index < 0 ? null : index;
}

/** Whether sshd consults the file for the account at all. */
export function decideWhichFiles(order: number | null, settings: Settings): Contribution {
  const { values, place } = settings.get("authorizedkeysfile");
  if (order !== null) return {};
  const said = `sshd does not read this file for the account: AuthorizedKeysFile ${values.join(" ")} (${place})`;
  return values.some((value) => value.includes("[")) ? doubt(said) : refuse(said);
}

function expandTokens(pattern: string, { name, uid, home }: Account): string {
  if (pattern.toLowerCase() === "none") return "";
  const expanded = pattern.replace(/%[%huU]/g, (token) => {
    if (token === "%h") return home;
    if (token === "%u") return name;
    return token === "%U" ? String(uid) : "%";
  });
  return expanded.startsWith("/") ? expanded : `${home}/${expanded}`;
}

/** Wildcards stay within one folder and do not stand for a dot at the beginning of a name. */
function matchesGlob(path: string, pattern: string): boolean {
  if (!/[*?]/.test(pattern)) return false;
  const names = path.split("/");
  const patterns = pattern.split("/");
  return (
    names.length === patterns.length &&
    names.every((name, index) => {
      const own = patterns[index] ?? "";
      return !(name.startsWith(".") && /^[*?]/.test(own)) && matchesPattern(name, own);
    })
  );
}

const tidy = (path: string): string => path.replace(/\/{2,}/g, "/");
