import type { Collection } from "#domain/collection/collection.ts";
import type { Unread } from "#shared/model/host.ts";
import { type Authority, evaluateAuthorities, findBroken } from "./authorities.ts";
import { formatNames } from "./deciders/authority.ts";
import { readDaemons } from "./sshd-config.ts";
import { isNone } from "./sshd-settings.ts";

const COMMAND = "authorizedkeyscommand";
const AUTHORITIES = "trustedusercakeys";

/** How else sshd lets in by key than by the lines that were read: keys of a command, certificates of an authority. */
export function findOtherWaysIn(
  collection: Collection,
  authorities: readonly Authority[] = evaluateAuthorities(collection),
): Unread[] {
  const commands = valuesOf(COMMAND, collection).map((value) => ({
    what: `AuthorizedKeysCommand ${value}`,
    why: "it was not run: keys that it gives sshd are not listed",
  }));
  const files = valuesOf(AUTHORITIES, collection).flatMap((path) => formatUnreadableFile(path, collection));
  const ways = [...commands, ...files, ...authorities.map(formatAuthority)];
  return [...new Map(ways.map((way) => [way.what, way])).values()];
}

function valuesOf(wanted: string, collection: Collection): string[] {
  const daemons = readDaemons(collection);
  const answered = daemons.flatMap(({ sshd }) =>
    [...new Set(sshd.effective?.values())].flatMap((answer) => answer.get(wanted) ?? []),
  );
  // sshd is not asked for accounts without a file, which may have another way in all the same.
  const written = daemons.flatMap(({ config }) =>
    config.lines.flatMap(({ keyword, values }) => (keyword === wanted ? [values.join(" ")] : [])),
  );
  return [...new Set([...answered, ...written])].filter((value) => !isNone(value));
}

function formatUnreadableFile(path: string, { sshdFiles }: Collection): Unread[] {
  const file = sshdFiles.get(path);
  const what = `TrustedUserCAKeys ${path}`;
  if (file?.isAbsent) return [{ what, why: `${file.whyUnread}: sshd trusts no authority by it` }];
  if (!file?.bytes) {
    const why = file?.whyUnread ? ` (${file.whyUnread})` : "";
    return [
      { what, why: `it was not read${why}: whoever has a certificate of these authorities is not listed` },
    ];
  }
  const broken = findBroken(file);
  return broken ? [{ what, why: `its line ${broken.line} ${broken.why}: sshd reads no further` }] : [];
}

/** Of many accounts the first few: who wants all of them asks the host. */
function formatAuthority({ file, line, key, comment, accounts }: Authority): Unread {
  const what = `TrustedUserCAKeys ${file}:${line}`;
  const name = `${key.fingerprint}${comment ? ` ${comment}` : ""}`;
  const taken = accounts.filter(({ effective }) => effective.state === "yes");
  const open = accounts.filter(({ effective }) => effective.state === "unknown");
  const [first] = [...open, ...accounts];
  if (taken.length === 0 && first) {
    const many = open.length > 0 ? `may let in ${open.length} accounts` : "lets nobody in";
    return { what, why: `a certificate that ${name} signed ${many}: ${first.effective.reasons[0] ?? ""}` };
  }
  const said = taken.slice(0, MOST_SAID).map(formatAccount);
  const rest = taken.length > MOST_SAID ? [`${taken.length - MOST_SAID} more`] : [];
  const unsure = open.length > 0 ? `; of ${open.length} more it could not be told` : "";
  return {
    what,
    why: `whoever has a certificate that ${name} signed logs in as ${[...said, ...rest].join(", ")}${unsure}`,
  };
}
const MOST_SAID = 8;

const formatAccount = ({ account, principals }: Authority["accounts"][number]): string =>
  principals.length === 1 && principals[0] === account
    ? account
    : `${account} (with the principal ${formatNames(principals)})`;
