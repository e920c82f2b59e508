import { viewOf } from "#codec/der.ts";
import { readBcfks } from "./bcfks.ts";
import { openBks, readBks } from "./bks.ts";
import { openJks, readJks } from "./jks.ts";
import type { Keystore, Opened } from "./keystore.ts";
import { readPkcs7 } from "./pkcs7.ts";
import { describePkcs12, openPkcs12, readPkcs12 } from "./pkcs12.ts";

/**
 * A store of any known format, as far as it can be read without a password. Costs no derivation, takes time in
 * proportion to the size and never throws. Null where the bytes are no store.
 */
export function readKeystore(given: Uint8Array): Keystore | null {
  const bytes = viewOf(given);
  const pkcs12 = readPkcs12(bytes);
  return (
    (pkcs12 && describePkcs12(pkcs12)) ??
    readPkcs7(bytes) ??
    readBcfks(bytes) ??
    readJks(bytes) ??
    readBks(bytes)
  );
}

/**
 * Tries a password, for as long as the file asks for: see `lock.work` first, and do it where it can be stopped. Null
 * where the bytes are no store that a password opens here.
 */
export function openKeystore(given: Uint8Array, password: string): Opened | null {
  const bytes = viewOf(given);
  const pkcs12 = readPkcs12(bytes);
  if (pkcs12) return openPkcs12(pkcs12, password);
  const store = readJks(bytes) ?? readBks(bytes);
  switch (store?.format) {
    case "JKS":
    case "JCEKS":
      return openJks(bytes, password);
    case "BKS":
      return openBks(bytes, password);
    default:
      return null;
  }
}
