import { DAY_SECONDS, dateDays } from "#domain/use/log-dates.ts";
import type { AuthorizedKeysFile, ChrootFolder, SshdFile, SshdSettings } from "./collection.ts";
import { readWalk, toEntries } from "./paths.ts";
import type { Record } from "./stream.ts";
import { formatWhy } from "./unreadable.ts";

type Draft = {
  daemon: string;
  readAt: number | null;
  effective: Map<string, Map<string, string[]>>;
  files: Map<string, Uint8Array>;
  changedAt: Map<string, number>;
  includes: Map<string, string[]>;
};

const createDraft = (): Draft => ({
  daemon: "",
  readAt: null,
  effective: new Map(),
  files: new Map(),
  changedAt: new Map(),
  includes: new Map(),
});

/** The settings of each daemon, at least one: its own answers for each account, and its files with their includes. */
export function readSshdSettings(
  records: readonly Record[],
  accounts: readonly string[],
): [SshdSettings, ...SshdSettings[]] {
  const answers = new Map<string, Map<string, string[]>>();
  const drafts = new Map<string, Draft>();
  const draftOf = (number: string): Draft => {
    const draft = drafts.get(number) ?? createDraft();
    drafts.set(number, draft);
    return draft;
  };
  let current = draftOf(FIRST);
  for (const record of records) {
    if (record.kind === "daemon") {
      current = draftOf(record.value("number") ?? FIRST);
      current.daemon = record.value("title")?.trim() ?? "";
      current.readAt = readTime(record.value("read-at"));
    }
    if (record.kind === "effective") answers.set(record.value("set") ?? "", readAnswer(record.bytes));
    if (record.kind === "effective-for") {
      const answer = answers.get(record.value("set") ?? "");
      const { effective } = draftOf(record.value("daemon") ?? FIRST);
      const account = record.value("account");
      const named = account === null ? accounts : [account];
      if (answer) for (const name of named) effective.set(name, answer);
    }
    if (record.kind === "config") takeConfig(record, current);
    if (record.kind === "include") current.includes.set(record.value("pattern") ?? "", record.values("path"));
  }
  const [first = createDraft(), ...others] = drafts.values();
  return [toSettings(first), ...others.map(toSettings)];
}

const FIRST = "1";

const toSettings = (draft: Draft): SshdSettings => ({
  ...draft,
  effective: draft.effective.size > 0 ? draft.effective : null,
});

function takeConfig(record: Record, { files, changedAt }: Draft): void {
  const path = record.value("path") ?? "";
  files.set(path, record.bytes);
  const time = readTime(record.value("mtime"));
  if (time !== null) changedAt.set(path, time);
}

const readTime = (text: string | null): number | null =>
  text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;

/** What `sshd -T` printed: a keyword and the rest of its line, which is one value however many words it has. */
function readAnswer(bytes: Uint8Array): Map<string, string[]> {
  const answer = new Map<string, string[]>();
  for (const line of Buffer.from(bytes).toString("utf8").split("\n")) {
    const [, keyword = "", value = ""] = /^(\S+)(?: (.*))?$/.exec(line) ?? [];
    if (!keyword) continue;
    const name = keyword.toLowerCase();
    const values = answer.get(name);
    if (values) values.push(value);
    else answer.set(name, [value]);
  }
  return answer;
}

/** The files that sshd's settings name, by the path that they name. */
export function readSshdFiles(records: readonly Record[]): Map<string, SshdFile> {
  const files = new Map<string, SshdFile>();
  for (const record of records) {
    const path = record.value("path");
    if (record.kind !== "sshd-file" || path === null) continue;
    // A file that one account may not read, another could.
    if (files.get(path)?.bytes) continue;
    files.set(path, readSshdFile(record, path));
  }
  return files;
}

function readSshdFile(record: Record, path: string): SshdFile {
  const why = record.value("why");
  const realPath = record.value("real");
  const walk = realPath === null ? [] : readWalk(realPath, record.values("e"));
  const content =
    why === null
      ? takeBytes(record.bytes, walk[0]?.size ?? 0)
      : { bytes: null, whyUnreadable: formatWhy(record) };
  return {
    path,
    ...content,
    realPath,
    walk: toEntries(walk),
    through: toEntries(readWalk(path, record.values("through"))),
    isAbsent: why === "no-such-file" || why === "is-folder",
  };
}

/** The folders that ChrootDirectory names, by the path that it names. */
export function readChrootFolders(records: readonly Record[]): Map<string, ChrootFolder> {
  const folders = new Map<string, ChrootFolder>();
  for (const record of records) {
    const path = record.value("path");
    if (record.kind !== "folder" || path === null) continue;
    const walk = toEntries(readWalk(path, record.values("e")));
    const whyUnreadable = record.value("why") === null ? null : formatWhy(record);
    folders.set(path, { walk, whyUnreadable, isAbsent: record.value("why") === "no-such-file" });
  }
  return folders;
}

/** Homes with all links resolved, by account, if that differs from the path in the account database. */
export function readRealHomes(records: readonly Record[]): Map<string, string> {
  return new Map(
    records.flatMap((record): [string, string][] => {
      const [account, real] = [record.value("account"), record.value("real")];
      return record.kind === "home" && account !== null && real !== null ? [[account, real]] : [];
    }),
  );
}

/** The collector's limit for one file. */
const FILE_LIMIT_BYTES = 1024 * 1024;

/**
 * Limit for all files of one host: more lines than a stream of 16 MiB holds of the shortest keys, and fewer than it
 * holds of lines that are no keys, each of which would be evaluated and kept.
 */
const MOST_LINES = 160_000;

/** Each file once, with every account that uses it. `today` is the day on the host when it was read. */
export function readAuthorizedKeysFiles(
  records: readonly Record[],
  today: number | null,
): AuthorizedKeysFile[] {
  const files = new Map<string, AuthorizedKeysFile>();
  let linesLeft = MOST_LINES;
  for (const record of records) {
    const path = record.value("path");
    const account = record.value("account");
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
      const { file, lines } = takeLines(readAuthorizedKeysFile(record, path, today), linesLeft);
      linesLeft -= lines;
      files.set(path, { ...file, accounts });
    }
  }
  return [...files.values()];
}

function readAuthorizedKeysFile(record: Record, path: string, today: number | null): AuthorizedKeysFile {
  const realPath = record.value("real");
  const walk = realPath === null ? [] : readWalk(realPath, record.values("e"));
  const content =
    record.value("why") === null
      ? takeBytes(record.bytes, walk[0]?.size ?? 0)
      : { bytes: null, whyUnreadable: formatWhy(record) };
  return {
    path,
    accounts: [],
    ...content,
    realPath,
    walk: toEntries(walk),
    through: toEntries(readWalk(path, record.values("through"))),
    isLink: record.value("link") === "yes",
    linkCount: walk[0]?.linkCount ?? null,
    writtenDay: readWrittenDay(record.value("written"), today),
  };
}

/** As `ls -l` prints it: "Nov,25" within the last half year, "Nov,25,2025" before. */
function readWrittenDay(text: string | null, today: number | null): number | null {
  const [month = "", day = "", year] = text?.split(",") ?? [];
  const newest = year === undefined ? today : Date.UTC(Number(year), 11, 31) / (DAY_SECONDS * 1000);
  return dateDays([`${month} ${day.padStart(2)}`], newest)[0] ?? null;
}

const NEWLINE = 10;

/** A file with its first `most` lines, and how many it then has. */
function takeLines(file: AuthorizedKeysFile, most: number): { file: AuthorizedKeysFile; lines: number } {
  if (file.bytes === null || file.bytes.length === 0) return { file, lines: 0 };
  let end = 0;
  for (let lines = 0; lines < most; lines++) {
    end = file.bytes.indexOf(NEWLINE, end) + 1;
    if (end === 0 || end === file.bytes.length) return { file, lines: lines + 1 };
  }
  const whyUnreadable = `left out from line ${most + 1} on: 160,000 lines of a host are taken`;
  return { file: { ...file, bytes: file.bytes.subarray(0, end), whyUnreadable, isCut: true }, lines: most };
}

/** The bytes of a file up to the limit; a line that the limit cuts is left out. */
function takeBytes(
  bytes: Uint8Array,
  size: number,
): Pick<AuthorizedKeysFile, "bytes" | "whyUnreadable" | "isCut"> {
  if (bytes.length > FILE_LIMIT_BYTES) {
    const lastLine = bytes.lastIndexOf(NEWLINE, FILE_LIMIT_BYTES - 1) + 1;
    return { bytes: bytes.subarray(0, lastLine), whyUnreadable: "only its first MiB was read", isCut: true };
  }
  return { bytes, whyUnreadable: bytes.length < size ? "it could not be read to its end" : null };
}
