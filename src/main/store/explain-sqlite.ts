import Sqlite from "better-sqlite3";
import { Refusal } from "#shared/model/refusal.ts";
import { formatRestoreCommand } from "#shared/text/restore-command.ts";

/** Turns an error of SQLite into what a person can do about it. Any other error is a bug, and stays as it is. */
export function explainSqlite(error: unknown, path: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const explanation = sentences.find(([code]) => error.code.startsWith(code));
  return explanation ? new Refusal(explanation[1], explanation[2](path), { cause: error }) : error;
}

type Sentence = (path: string) => string;

/** Keyed by the beginning of SQLite's code, the special ones first. */
const sentences: readonly (readonly [string, "unusable" | "locked" | "read-only", Sentence])[] = [
  [
    "SQLITE_FULL",
    "unusable",
    (path) =>
      `the disk is full: ${path} cannot grow; free some space and try again: what was saved before is kept`,
  ],
  [
    "SQLITE_BUSY",
    "locked",
    (path) => `${path} is in use by another process; wait until it has ended, or close it`,
  ],
  [
    "SQLITE_NOTADB",
    "unusable",
    (path) => `${path} is not a database; nothing in it was changed: name another file`,
  ],
  [
    "SQLITE_CORRUPT",
    "unusable",
    (path) =>
      `${path} is damaged; nothing in it was changed: close Latchkey, then put the last good backup in its place by: ${formatRestoreCommand(path, "latest")}`,
  ],
  // A damaged page may claim any length.
  [
    "SQLITE_NOMEM",
    "unusable",
    (path) =>
      `${path} asks for more memory than there is, and may be damaged; nothing in it was changed: close other programs and try again, or put the last good backup in its place by: ${formatRestoreCommand(path, "latest")}`,
  ],
  [
    "SQLITE_READONLY",
    "unusable",
    (path) =>
      `${path} cannot be written; make the file and its folder writable for you, or open it read-only`,
  ],
  [
    "SQLITE_CANTOPEN",
    "unusable",
    (path) => `${path} cannot be opened; see that you may read and write the file and its folder`,
  ],
  ["SQLITE_PERM", "unusable", (path) => `${path} cannot be opened; see that you may read and write it`],
  [
    "SQLITE_IOERR",
    "unusable",
    (path) =>
      `the disk failed under ${path}: the last change is not saved; see to the disk, and open the database again`,
  ],
];

/** The same functions with SQLite's errors explained; each call goes through `around`. */
export function explaining<Table extends object>(
  table: Table,
  path: string,
  around: (work: () => unknown) => unknown = (work) => work(),
): Table {
  const explained = Object.entries(table).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === "function" ? explain(member as Call) : member,
  ]);
  return Object.fromEntries(explained) as Table;

  function explain(call: Call): Call {
    return (...values) => {
      try {
        return around(() => call(...values));
      } catch (error) {
        throw explainSqlite(error, path);
      }
    };
  }
}

type Call = (...values: unknown[]) => unknown;
