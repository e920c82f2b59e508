/** Names as RFC 5280, sections 4.2.1.6 and 4.2.1.10 want them written. Each takes time in proportion to the name's length. */

const MOST_CHARACTERS = 253;
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const HOST = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** The preferred name syntax of RFC 1034, section 3.5, as RFC 1123 has it. */
export const isHostName = (text: string): boolean => text.length <= MOST_CHARACTERS && HOST.test(text);

/** A host name, or one whose whole first label is a wildcard. */
export const isDnsName = (text: string): boolean => isHostName(text.startsWith("*.") ? text.slice(2) : text);

/** A host name, were its underscores letters. */
export const isDnsNameWithUnderscores = (text: string): boolean =>
  text.includes("_") && isDnsName(text.replaceAll("_", "a"));

const LOCAL_PART = /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|"[\x20-\x7e]*")$/;
const ADDRESS_LITERAL = /^\[[0-9A-Za-z.:]+\]$/;
const MOST_MAILBOX_CHARACTERS = 320;

/** Mailbox of RFC 2821, section 4.1.2: "user@host.example". */
export function isMailbox(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at < 1 || text.length > MOST_MAILBOX_CHARACTERS) return false;
  const host = text.slice(at + 1);
  return LOCAL_PART.test(text.slice(0, at)) && (isHostName(host) || ADDRESS_LITERAL.test(host));
}

/** It names its scheme: relative ones are forbidden. */
export const isAbsoluteUri = (text: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(text);

export const isAddress = ({ length }: Uint8Array): boolean => length === 4 || length === 16;

/** A host name that may have underscores: whoever has them permits them. Nothing stands for every name. */
export const isDnsConstraint = (text: string): boolean =>
  text === "" || isHostName(text.replaceAll("_", "a"));

/** A mailbox, a host, or by a leading dot every host below it. */
export const isEmailConstraint = (text: string): boolean =>
  text.includes("@") ? isMailbox(text) : text === "" || isHostName(withoutDot(text));

/** Labels of visible characters, none of them empty; one dot may stand before them. Nothing stands for every name. */
export const hasPlainLabels = (text: string): boolean =>
  /^(?:\.?[\x21-\x2d\x2f-\x7e]+(?:\.[\x21-\x2d\x2f-\x7e]+)*)?$/.test(text);

/** A host, or by a leading dot every host below it. */
export const isUriConstraint = (text: string): boolean => isHostName(withoutDot(text));

const withoutDot = (text: string): string => (text.startsWith(".") ? text.slice(1) : text);

/** An address and its mask, whose set bits stand before all others (RFC 4632). */
export function isAddressRange(bytes: Uint8Array): boolean {
  const mask = bytes.subarray(bytes.length / 2);
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}
