/** Base64 (RFC 4648), as files of keys and certificates have it. */

const PADDING = 0x3d;
/** The last digits that may precede 1 and 2 characters of padding: those that leave no bit over. */
const LAST_DIGITS = [null, "AEIMQUYcgkosw048", "AQgw"] as const;

/** As sshd accepts it: whole groups, padded, no bit left over, white space anywhere; null for anything else. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  if (isTidy(text, bytes.length)) return bytes;
  const packed = text.replace(/[ \t\n\v\f\r]/g, "");
  return bytes.toString("base64") === packed ? bytes : null;
}

/** Whether a text is exactly how that many bytes, which Node has read from it, are written. */
function isTidy(text: string, byteLength: number): boolean {
  const { length } = text;
  const isPadded = text.charCodeAt(length - 1) === PADDING;
  const padding = isPadded ? (text.charCodeAt(length - 2) === PADDING ? 2 : 1) : 0;
  if (byteLength * 4 !== length * 3 - padding * 4 || text.includes("-") || text.includes("_")) return false;
  return LAST_DIGITS[padding]?.includes(text.charAt(length - 1 - padding)) ?? true;
}

/** As most programs accept it: padded or not, and white space anywhere; null if it has any other character. */
export function decodeAnyBase64(text: string): Buffer | null {
  const packed = text.replace(/\s+/g, "");
  return /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? Buffer.from(packed, "base64") : null;
}
