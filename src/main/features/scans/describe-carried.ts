import type { AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import type { BundleStanding } from "#shared/model/bundle.ts";
import type { CarriedLook } from "#store/runs/host-readings.ts";

/**
 * What plans are made of where a host is known by its bundle alone. Its key is one that signed the bundle: anybody can name one.
 */
export function describeCarried(collection: Collection, standing: BundleStanding): CarriedLook {
  const { accounts, authorizedKeys, sshd } = collection;
  const named = new Set(authorizedKeys.flatMap((file) => file.accounts));
  return {
    signedBy: standing.kind === "claimed" ? null : standing.fingerprint,
    accounts: accounts
      .filter(({ name }) => named.has(name))
      .map(({ name, uid, gid, shell }) => {
        const settings = sshd.effective?.get(name);
        const say = (keyword: string): string | null => {
          const value = settings?.get(keyword)?.[0] ?? "none";
          return value.toLowerCase() === "none" ? null : value;
        };
        return {
          name,
          uid,
          gid,
          shell,
          isSshdKnown: settings !== undefined,
          keysCommand: say("authorizedkeyscommand"),
          authenticationMethods: settings?.get("authenticationmethods")?.[0] ?? null,
          forceCommand: say("forcecommand"),
        };
      }),
    files: authorizedKeys.map((file) => describeFile(file, collection)),
  };
}

function describeFile(file: AuthorizedKeysFile, { accounts }: Collection): CarriedLook["files"][number] {
  const { path, accounts: names, realPath, bytes, walk } = file;
  const entry = walk[0]?.type === "file" ? walk[0] : null;
  const why = formatObstacle(file, entry !== null);
  return {
    path,
    accounts: names,
    realPath,
    why,
    base64: why === null && bytes ? Buffer.from(bytes).toString("base64") : null,
    uid: entry?.uid ?? -1,
    gid: entry?.gid ?? -1,
    owner: accounts.find(({ uid }) => uid === entry?.uid)?.name ?? "",
    mode: entry ? `0${entry.mode.toString(8).padStart(3, "0")}`.slice(-4) : "",
  };
}

/** Why it would not be changed; what else is in the way is seen there. */
function formatObstacle(
  { path, bytes, whyUnreadable, isCut, isLink, linkCount }: AuthorizedKeysFile,
  hasEntry: boolean,
): string | null {
  if (bytes === null) return whyUnreadable ?? `${path} was not read`;
  if (isCut) return `${path} is too large for a bundle`;
  if (isLink)
    return `${path} is a symbolic link: change the file that it leads to, or put a file in its place`;
  if (linkCount !== null && linkCount > 1) return `${path} has more than one name (hard link)`;
  return hasEntry ? null : `the bundle does not tell whose ${path} is`;
}
