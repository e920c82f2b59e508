import { DEFAULT_PASSWORDS } from "#domain/keystores/default-passwords.ts";
import type { LockedKey } from "#domain/keystores/locked-key.ts";
import type { Found, Trial } from "./found.ts";
import { toPrivateItem } from "./inspect-keys.ts";
import { toPublicHalf } from "./public-half.ts";

/** Work that is done for passwords that nobody typed, in iterations of PBKDF2. */
const MOST_WORK = 2_000_000;

/** Takes up a private key that is under a passphrase, by its public half where one of the passphrases opens it. */
export function takeLockedKey(found: Found, lock: LockedKey, trial: Trial): void {
  const key = openWith(lock, trial);
  const publicHalf = key && toPublicHalf(key);
  found.items.push(toPrivateItem({ isEncrypted: true, publicHalf, problem: null, lock }));
  if (publicHalf) return;
  if (!lock.canBeOpened) found.malformed.push(`the private key: ${lock.why}`);
  else {
    found.wantsPassword = "to-open";
    if (trial && trial.passwords.length > 0) found.isWrongPassword = true;
  }
}

function openWith(lock: LockedKey, trial: Trial) {
  if (!trial || !lock.canBeOpened) return null;
  const isCheap = lock.work * DEFAULT_PASSWORDS.length <= MOST_WORK;
  const usual = trial.triesDefaults && isCheap ? DEFAULT_PASSWORDS : [];
  for (const passphrase of [...trial.passwords, ...usual]) {
    const key = lock.open(passphrase);
    if (key) return key;
  }
  return null;
}
