import { isAscii, isUtf8 } from "node:buffer";
import { Redacted, secretCopy } from "#shared/model/secret.ts";

export type Passphrase = Redacted<Uint8Array>;

/** Characters that can be written in two ways are written in one (NFC). A copy, as the rest. */
export const plainPassphrase = (typed: Passphrase): Passphrase => writeAs("NFC", Redacted.reveal(typed));

/** As it may have been written when the vault was made: plain, as it was typed, or with its accents apart. */
export function passphraseForms(typed: Passphrase): Passphrase[] {
  const bytes = Redacted.reveal(typed);
  const own = new Redacted<Uint8Array>(secretCopy(bytes));
  if (isAscii(bytes)) return [own];
  const forms = [plainPassphrase(typed), own, writeAs("NFD", bytes)];
  const texts = forms.map((form) => Buffer.from(Redacted.reveal(form)));
  return forms.filter((_, at) => texts.findIndex((text) => text.equals(texts[at] as Buffer)) === at);
}

/** What is no text stays as it is. The string is the keeper's own, and ends with it. */
function writeAs(form: "NFC" | "NFD", bytes: Uint8Array): Passphrase {
  if (isAscii(bytes) || !isUtf8(bytes)) return new Redacted<Uint8Array>(secretCopy(bytes));
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().normalize(form);
  return new Redacted<Uint8Array>(Buffer.from(text));
}
