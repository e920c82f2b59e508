import { dateDays } from "#domain/use/log-dates.ts";
import { DAY_SECONDS } from "#domain/use/times.ts";
import type { AuthorizedKeysFile } from "./collection.ts";
import { readWalk, toEntries } from "./path-entry.ts";
import type { Record } from "./record.ts";
import { formatWhy } from "./unread.ts";

/** What the collector takes of one file at most. */
const FILE_LIMIT_BYTES = 1024 * 1024;

/**
 * What is taken of all files of one host: more than a stream of 16 MiB holds of the shortest keys, and less than it holds
 * of lines that are none, each of which would be judged and remembered.
 */
const MOST_LINES = 160_000;

/** Each file once, with every account that names it. `today` is the day of the host when it was read. */
export function readAuthorizedKeysFiles(
  records: readonly Record[],
  today: number | null,
): AuthorizedKeysFile[] {
  const files = new Map<string, AuthorizedKeysFile>();
  let linesLeft = MOST_LINES;
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
      if (known && known.bytes !== null) {
        files.set(path, { ...known, accounts });
        continue;
      }
      const { file, lines } = takeLines(readFile(record, path, today), linesLeft);
      linesLeft -= lines;
      files.set(path, { ...file, accounts });
    }
  }
  return [...files.values()];
}

function readFile(record: Record, path: string, today: number | null): AuthorizedKeysFile {
  const realPath = record.say("real");
  const walk = realPath === null ? [] : readWalk(realPath, record.sayAll("e"));
  const taken =
    record.say("why") === null
      ? takeBytes(record.bytes, walk[0]?.size ?? 0)
      : { bytes: null, whyUnread: formatWhy(record) };
  return {
    path,
    accounts: [],
    ...taken,
    realPath,
    walk: toEntries(walk),
    through: toEntries(readWalk(path, record.sayAll("through"))),
    isLink: record.say("link") === "yes",
    linkCount: walk[0]?.linkCount ?? null,
    writtenDay: readWrittenDay(record.say("written"), today),
  };
}

/** As `ls -l` tells it: "Nov,25" within the last half year, "Nov,25,2025" before. */
function readWrittenDay(text: string | null, today: number | null): number | null {
  const [month = "", day = "", year] = text?.split(",") ?? [];
  const newest = year === undefined ? today : Date.UTC(Number(year), 11, 31) / (DAY_SECONDS * 1000);
  return dateDays([`${month} ${day.padStart(2)}`], newest)[0] ?? null;
}

const NEWLINE = 10;

/** A file with its first so many lines, and how many it has then. */
function takeLines(file: AuthorizedKeysFile, most: number): { file: AuthorizedKeysFile; lines: number } {
  if (file.bytes === null || file.bytes.length === 0) return { file, lines: 0 };
  let end = 0;
  for (let lines = 0; lines < most; lines++) {
    end = file.bytes.indexOf(NEWLINE, end) + 1;
    if (end === 0 || end === file.bytes.length) return { file, lines: lines + 1 };
  }
  const whyUnread = `left out from line ${most + 1} on: 160,000 lines of a host are taken`;
  return { file: { ...file, bytes: file.bytes.subarray(0, end), whyUnread, isCut: true }, lines: most };
}

/** The bytes of a file up to the limit; a line that the limit cuts is left out. */
export function takeBytes(
  bytes: Uint8Array,
  size: number,
): Pick<AuthorizedKeysFile, "bytes" | "whyUnread" | "isCut"> {
  if (bytes.length > FILE_LIMIT_BYTES) {
    const lastLine = bytes.lastIndexOf(NEWLINE, FILE_LIMIT_BYTES - 1) + 1;
    return { bytes: bytes.subarray(0, lastLine), whyUnread: "only its first MiB was read", isCut: true };
  }
  return { bytes, whyUnread: bytes.length < size ? "it could not be read to its end" : null };
}
