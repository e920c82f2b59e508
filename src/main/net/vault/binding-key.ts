import { Refusal } from "#shared/model/refusal.ts";

/** The kind of a MAC key by which an authority knows whoever may have an account (RFC 8555, section 7.3.4). */
export const BINDING_KEY = "account-eab";

/** Its bytes, of the base64url in which authorities hand it out. */
export function readBindingKey(typed: Uint8Array): Uint8Array {
  const text = Buffer.from(typed).toString("latin1").trim();
  typed.fill(0);
  if (!/^[\w+/-]+={0,2}$/.test(text))
    throw new Refusal(
      "invalid-input",
      "the EAB key is no base64url; paste it whole, as the authority gave it",
    );
  return Buffer.from(text, "base64");
}
