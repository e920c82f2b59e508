import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

/** The key of this installation, beside the database: whoever copies or edits the database alone does not have it. */
export const sealKeyPath = (database: string): string => `${homeOf(database)}.seal-key`;

/** The database whose backup this is, or in whose place another one was put. */
const homeOf = (database: string): string =>
  database.replace(/\.before-restore-[^/\\]*$/, "").replace(/\.backups[/\\][^/\\]*$/, "");

/** Null where there is none, or what is there is none. */
export function readSealKey(database: string): Buffer | null {
  try {
    const text = readFileSync(sealKeyPath(database), "latin1");
    return /^[0-9a-f]{64}\n$/.test(text) ? Buffer.from(text.trim(), "hex") : null;
  } catch (error) {
    if (error instanceof Error && "errno" in error) return null;
    throw error;
  }
}

/** Makes the key; throws where something stands there already, for no key is ever written over. */
export function makeSealKey(database: string): Buffer {
  const key = randomBytes(32);
  const file = openSync(sealKeyPath(database), "wx", 0o600);
  try {
    writeSync(file, `${key.toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return key;
}
