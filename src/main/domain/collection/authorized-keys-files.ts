import type { AuthorizedKeysFile } from "./collection.ts";
import { readWalk } from "./path-entry.ts";
import type { Record } from "./record.ts";
import { sayWhy } from "./unread.ts";

/** What the collector takes of one file at most. */
const FILE_LIMIT_BYTES = 1024 * 1024;

/** Each file once, with every account that names it. */
export function readAuthorizedKeysFiles(records: readonly Record[]): AuthorizedKeysFile[] {
  const files = new Map<string, AuthorizedKeysFile>();
  for (const record of records) {
    const path = record.say("path");
    const account = record.say("account");
    if (path === null || account === null) continue;
    const known = files.get(path);
    if (record.kind === "authorized-keys-for") {
      if (known && !known.accounts.includes(account)) known.accounts.push(account);
    } else if (record.kind === "authorized-keys") {
      const accounts = [...new Set([...(known?.accounts ?? []), account])];
      // An account that may not read a file does not hide what another one could read of it.
      const file = known && known.bytes !== null ? known : readFile(record, path);
      files.set(path, { ...file, accounts });
    }
  }
  return [...files.values()];
}

function readFile(record: Record, path: string): AuthorizedKeysFile {
  const realPath = record.say("real");
  const walk = realPath === null ? [] : readWalk(realPath, record.sayAll("e"));
  const { bytes, whyUnread } =
    record.say("why") === null
      ? takeBytes(record.bytes, walk[0]?.size ?? 0)
      : { bytes: null, whyUnread: sayWhy(record) };
  return {
    path,
    accounts: [],
    bytes,
    whyUnread,
    realPath,
    walk: walk.map(({ linkCount: _, size: __, ...entry }) => entry),
    isLink: record.say("link") === "yes",
    linkCount: walk[0]?.linkCount ?? null,
  };
}

/** The bytes of a file up to the limit; a line that the limit cuts is left out. */
function takeBytes(bytes: Uint8Array, size: number): Pick<AuthorizedKeysFile, "bytes" | "whyUnread"> {
  if (bytes.length > FILE_LIMIT_BYTES) {
    const lastLine = bytes.lastIndexOf(10, FILE_LIMIT_BYTES - 1) + 1;
    return { bytes: bytes.subarray(0, lastLine), whyUnread: "only its first MiB was read" };
  }
  return { bytes, whyUnread: bytes.length < size ? "it could not be read to its end" : null };
}
