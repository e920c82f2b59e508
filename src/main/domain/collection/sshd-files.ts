import { takeBytes } from "./authorized-keys-files.ts";
import type { ChrootFolder, SshdFile } from "./collection.ts";
import { readWalk, toEntries } from "./path-entry.ts";
import type { Record } from "./record.ts";
import { formatWhy } from "./unread.ts";

/** The files that sshd's settings name, by the path that they name. */
export function readSshdFiles(records: readonly Record[]): Map<string, SshdFile> {
  const files = new Map<string, SshdFile>();
  for (const record of records) {
    const path = record.say("path");
    if (record.kind !== "sshd-file" || path === null) continue;
    // What one account may not read, another could.
    if (files.get(path)?.bytes) continue;
    files.set(path, readFile(record, path));
  }
  return files;
}

function readFile(record: Record, path: string): SshdFile {
  const why = record.say("why");
  const realPath = record.say("real");
  const walk = realPath === null ? [] : readWalk(realPath, record.sayAll("e"));
  const taken =
    why === null
      ? takeBytes(record.bytes, walk[0]?.size ?? 0)
      : { bytes: null, whyUnread: formatWhy(record) };
  return {
    path,
    ...taken,
    realPath,
    walk: toEntries(walk),
    through: toEntries(readWalk(path, record.sayAll("through"))),
    isAbsent: why === "no-such-file" || why === "is-folder",
  };
}

/** The folders that ChrootDirectory names, by the path that it names. */
export function readChrootFolders(records: readonly Record[]): Map<string, ChrootFolder> {
  const folders = new Map<string, ChrootFolder>();
  for (const record of records) {
    const path = record.say("path");
    if (record.kind !== "folder" || path === null) continue;
    const walk = toEntries(readWalk(path, record.sayAll("e")));
    const whyUnread = record.say("why") === null ? null : formatWhy(record);
    folders.set(path, { walk, whyUnread, isAbsent: record.say("why") === "no-such-file" });
  }
  return folders;
}

/** Homes without links, by account, where they are not as they are written. */
export function readRealHomes(records: readonly Record[]): Map<string, string> {
  return new Map(
    records.flatMap((record): [string, string][] => {
      const [account, real] = [record.say("account"), record.say("real")];
      return record.kind === "home" && account !== null && real !== null ? [[account, real]] : [];
    }),
  );
}
