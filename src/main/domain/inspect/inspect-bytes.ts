import { readElement, TAG, viewOf } from "#codec/der.ts";
import { findCut } from "#domain/keystores/envelopes.ts";
import { readLockedPkcs8 } from "#domain/keystores/locked-key.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import { addCertificate, type Found, nothingYet, type Trial } from "./found.ts";
import { takeFolded } from "./inspect-base64.ts";
import { inspectDerKey, inspectKeyLines, inspectPuttyKey } from "./inspect-keys.ts";
import { inspectKubernetes } from "./inspect-kubernetes.ts";
import { inspectPem } from "./inspect-pem.ts";
import { takeEnvelope, takeStore } from "./inspect-stores.ts";
import { takeLockedKey } from "./locked-items.ts";

const KNOWN =
  "certificates, keystores, kubeconfigs, authorized_keys, known_hosts, public and private keys can be read here";

/**
 * Tells what a file holds by its bytes, and by its name only where the bytes leave it open. Never throws. With a trial,
 * passwords are tried on what is locked, for as long as the file asks for: where that can be stopped.
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
        ? `it begins as ASN.1 of ${cut.wanted} bytes, of which ${cut.there} are there: it is cut short`
        : "nothing that is known stands in it";
  return { kind: "unknown", items: [], malformed: [`${what}; ${KNOWN}`] };
}

/** DER, and the stores of Java. Null where the bytes are neither. */
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
  addCertificate(tried, view, { place: "the certificate" });
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
