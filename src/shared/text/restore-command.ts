/** The command that puts a backup in the place of a database: of that one, wherever it is, and not of the usual one. */
export const formatRestoreCommand = (database: string, backup: string): string =>
  `latchkey --db ${quote(database)} database restore ${quote(backup)}`;

/** For a POSIX shell and PowerShell. */
const quote = (word: string): string =>
  /^[\w./:\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
