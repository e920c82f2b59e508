/** A name as it is compared with others: in whatever case, and however its marks are written. SQLite folds ASCII alone. */
export const foldName = (name: string): string => name.normalize("NFC").toLowerCase();
