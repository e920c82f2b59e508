import { DEFAULT_PASSWORDS, findDefaultPassword } from "#domain/keystores/default-passwords.ts";
import { readEnvelope } from "#domain/keystores/envelopes.ts";
import type { Keystore } from "#domain/keystores/keystore.ts";
import { openKeystore, readKeystore } from "#domain/keystores/read-keystore.ts";
import { addCertificate, addStore, type Found, type Trial } from "./found.ts";

/**
 * Takes up a keystore, opened if one of the passwords opens it; false where the bytes are none. `place`: where it
 * stands within the source, empty where it is the source.
 */
export function takeStore(found: Found, bytes: Buffer, place: string, trial: Trial): boolean {
  const store = readKeystore(bytes);
  if (!store) return false;
  if (found.kind === "unknown") found.kind = store.format === "PKCS#7" ? "certificates" : "keystore";
  const { shown, isWrong, defaultPassword } = tryAll(bytes, store, trial);
  addStore(found, shown, place, { isWrong, defaultPassword });
  if (shown.lock?.canBeOpened) {
    const hides = shown.state === "locked" || shown.format === "PKCS#12";
    if (hides && shown.state !== "open") found.wantsPassword = "to-open";
    else found.wantsPassword ??= "to-check";
  }
  found.isWrongPassword = (found.isWrongPassword ?? false) || isWrong;
  return true;
}

type Tried = { shown: Keystore; isWrong: boolean; defaultPassword: string | null };

/** A password that was typed comes before those that everybody knows, and may be one of them. */
function tryAll(bytes: Buffer, store: Keystore, trial: Trial): Tried {
  const untried = { shown: store, isWrong: false, defaultPassword: null };
  if (!trial || !store.lock?.canBeOpened) return untried;
  const known = trial.triesDefaults ? findDefaultPassword(bytes) : null;
  if (known) return { shown: known.store, isWrong: false, defaultPassword: known.password };
  for (const password of trial.passwords) {
    const opened = openKeystore(bytes, password);
    const isDefault = (DEFAULT_PASSWORDS as readonly string[]).includes(password);
    if (opened?.kind === "opened")
      return { shown: opened.store, isWrong: false, defaultPassword: isDefault ? password : null };
  }
  return { ...untried, isWrong: trial.passwords.length > 0 };
}

/** Takes up the certificates of what else carries some: a pair, an OCSP response; and names what carries none. */
export function takeEnvelope(found: Found, bytes: Buffer, place: string): boolean {
  const envelope = readEnvelope(bytes);
  if (!envelope) return false;
  const { certificates, words } = envelope;
  for (const [index, der] of certificates.entries())
    addCertificate(found, der, { place: `certificate ${index + 1} of ${place || words}` });
  if (found.kind === "unknown") found.kind = certificates.length > 0 ? "certificates" : "other";
  if (certificates.length === 0)
    found.malformed.push(`${place || "this"} is ${words}, of which nothing is shown yet`);
  return true;
}
