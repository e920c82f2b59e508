import { decodeAnyBase64 } from "#codec/base64.ts";
import { readElement, TAG, viewOf } from "#codec/der.ts";
import { findCut } from "#domain/keystores/envelopes.ts";
import { readLockedPkcs8 } from "#domain/keystores/locked-key.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import { addCertificate, type Found, nothingYet, type Trial, takeEnvelope, takeStore } from "./found.ts";
import { inspectDerKey, inspectKeyLines, inspectPuttyKey, takeLockedKey } from "./inspect-keys.ts";
import { inspectKubernetes, inspectPem } from "./inspect-pem.ts";

const KNOWN =
  "certificates, keystores, kubeconfigs, authorized_keys, known_hosts, public and private keys can be read here";

/**
 * Says what a file contains by its bytes, and by its name only if the bytes leave it open. Never throws. With a trial,
 * passwords are tried on what is locked, for as long as the file demands: call that where it can be stopped.
 */
export function inspectBytes(name: string, bytes: Uint8Array, trial: Trial = null): Inspection {
  const baseName = name.replace(/^.*[/\\]/, "");
  const view = viewOf(bytes);
  const found = inspectBinary(view, trial) ?? inspectText(baseName, view, trial) ?? unknown(view);
  return { source: name, stores: [], wantsPassword: null, isWrongPassword: false, ...found };
}

function unknown(view: Buffer): Found {
  const cut = findCut(view);
  const what =
    view.length === 0
      ? "the file is empty"
      : cut
        ? `it begins as ASN.1 of ${cut.size} bytes, of which ${cut.there} are there: it is cut short`
        : "nothing that is known stands in it";
  return { kind: "unknown", items: [], malformed: [`${what}; ${KNOWN}`] };
}

/** DER, and the stores of Java. Null if the bytes are neither. */
function inspectBinary(view: Buffer, trial: Trial): Found | null {
  const found = nothingYet();
  if (view[0] === TAG.sequence && takeCertificate(found, view)) return found;
  if (takeStore(found, view, "", trial)) return found;
  if (view[0] !== TAG.sequence) return null;
  const key = inspectDerKey(view);
  if (key) return key;
  const lock = view.length > MOST_KEY_BYTES ? null : readLockedPkcs8(view);
  if (lock) {
    found.kind = "private-key";
    takeLockedKey(found, lock, trial);
    return found;
  }
  return takeEnvelope(found, view, "") ? found : null;
}

/** The longest that any key is. */
const MOST_KEY_BYTES = 64 * 1024;

function takeCertificate(found: Found, view: Buffer): boolean {
  const whole = readElement(view, 0, view.length);
  if (!whole) return false;
  const tried = nothingYet();
  addCertificate(tried, view, { location: "the certificate" });
  if (tried.items.length === 0) return false;
  Object.assign(found, tried, { kind: "certificates" });
  return true;
}

function inspectText(name: string, view: Buffer, trial: Trial): Found | null {
  return (
    inspectKubernetes(view, trial) ??
    inspectPem(view, trial) ??
    takeFolded(view, trial) ??
    inspectPuttyKey(view.subarray(0, 128 * 1024).toString("latin1")) ??
    inspectKeyLines(name, view)
  );
}

/** Pieces of one text that are tried. */
const MOST_PIECES = 200;
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** How the base64 of an ASN.1 sequence begins, whatever its length, and that of Java's stores. */
const BEGIN = /^(M[A-I]|\/u3\+7QAA|zs7OzgAA)/;

/**
 * Base64 without the lines of PEM around it: a certificate or a .p7b as Windows writes it, a keystore as it is pasted,
 * and the attachment of a signed mail (RFC 8551). Null if no piece of the text holds a certificate or a keystore.
 */
function takeFolded(view: Buffer, trial: Trial): Found | null {
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
  addCertificate(alone, bytes, { location: "the certificate" });
  if (alone.items.length > 0) {
    found.kind = "certificates";
    found.items.push(...alone.items);
    found.malformed.push(...alone.malformed);
  } else if (!takeStore(found, bytes, "", trial)) takeEnvelope(found, bytes, "");
}

/** Which key a private key file holds, in any format, read as on a host; null if the file itself does not show it. */
export function readHeldKey(path: string, bytes: Uint8Array): string | null {
  const item = inspectBytes(path, bytes).items.find(({ what }) => what === "private-key");
  return item?.what === "private-key" ? item.fingerprint : null;
}
