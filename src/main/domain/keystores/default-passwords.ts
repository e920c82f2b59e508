import type { Keystore } from "./keystore.ts";
import { openKeystore, readKeystore } from "./read-keystore.ts";

/**
 * Passwords that protect nothing, for everybody knows them: Java's own (changeit), those of application servers and
 * appliances, and those of examples that were copied. The likeliest first.
 */
export const DEFAULT_PASSWORDS = ["", "changeit", "changeme", "password", "secret", "123456"] as const;

/** Work in iterations of PBKDF2 that is done for all of them together: about half a second. */
const MOST_WORK = 2_000_000;

/**
 * Tries the default passwords on a store that somebody opened here, or that a scan found; never anywhere else. Null
 * where none fits, where no password is needed, and where it would cost too much to know.
 */
export function findDefaultPassword(bytes: Uint8Array): { password: string; store: Keystore } | null {
  const lock = readKeystore(bytes)?.lock;
  if (!lock?.canBeOpened || lock.work * DEFAULT_PASSWORDS.length > MOST_WORK) return null;
  for (const password of DEFAULT_PASSWORDS) {
    const opened = openKeystore(bytes, password);
    if (opened?.kind === "opened") return { password, store: opened.store };
  }
  return null;
}
