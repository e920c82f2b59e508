import { decodeAnyBase64 } from "#codec/base64.ts";
import { addCertificate, type Found, type Trial } from "./found.ts";
import { takeEnvelope, takeStore } from "./inspect-stores.ts";

/** Pieces of one text that are tried. */
const MOST_PIECES = 200;
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** How the base64 of an ASN.1 sequence begins, whatever its length, and that of Java's stores. */
const BEGIN = /^(M[A-I]|\/u3\+7QAA|zs7OzgAA)/;

/**
 * Base64 without the lines of PEM around it: a certificate, or a .p7b, as Windows writes it, a keystore as it is pasted, and what is attached to a
 * signed mail (RFC 8551). Null where no piece of the text holds a certificate or a keystore.
 */
export function takeFolded(view: Buffer, trial: Trial): Found | null {
  if (view.length > MOST_CHARACTERS || view.includes(0)) return null;
  const found: Found = { kind: "unknown", items: [], malformed: [] };
  const pieces = view.toString("latin1").split(/\r?\n[ \t]*\r?\n/);
  for (const piece of pieces.slice(0, MOST_PIECES)) {
    const bytes = decode(piece);
    if (bytes) takeBytes(found, bytes, trial);
  }
  return found.items.length > 0 || found.stores ? found : null;
}

/** The boundary of a mail's part may follow at once. */
function decode(piece: string): Buffer | null {
  const text = piece.replace(/^--[^\n]*$/gm, "").replace(/\s+/g, "");
  return text.length > 64 && BEGIN.test(text) ? decodeAnyBase64(text) : null;
}

function takeBytes(found: Found, bytes: Buffer, trial: Trial): void {
  const alone: Found = { kind: "certificates", items: [], malformed: [] };
  addCertificate(alone, bytes, { place: "the certificate" });
  if (alone.items.length > 0) {
    found.kind = "certificates";
    found.items.push(...alone.items);
    found.malformed.push(...alone.malformed);
  } else if (!takeStore(found, bytes, "", trial)) takeEnvelope(found, bytes, "");
}
