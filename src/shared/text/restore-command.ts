/** The command that restores a backup over this very database, wherever it is, and not over the usual one. */
export const formatRestoreCommand = (database: string, backup: string): string =>
  `latchkey --db ${quote(database)} database restore ${quote(backup)}`;

/** For a POSIX shell and PowerShell. */
const quote = (word: string): string =>
  /^[\w./:\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
