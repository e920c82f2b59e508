import { hash } from "node:crypto";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import { decodeBase64 } from "./base64.ts";
import { openFields } from "./ssh-wire.ts";

/** Of a blob in SSH's wire format, as ssh-keygen prints it: SHA-256 in base64 without its padding. */
export const fingerprintOf = (blob: Uint8Array): string =>
  `SHA256:${hash("sha256", blob, "base64").slice(0, 43)}`;

/** The hash in a fingerprint, in hex; empty where there is none. */
export const hashInFingerprint = (fingerprint: string): string =>
  decodeBase64(`${fingerprint.replace(/^SHA256:/, "")}=`)?.toString("hex") ?? "";

/**
 * A public key in wire format, as it is shown to people: a certificate by its own bytes, not by those of the key in it.
 */
export function viewKey(blob: Uint8Array): HostKeyView {
  const type = openFields(blob).text() ?? "";
  return { keyType: /^[!-~]{1,64}$/.test(type) ? type : "unknown", fingerprint: fingerprintOf(blob) };
}

/** Of a SubjectPublicKeyInfo (DER), in hex: a key has the same hash in every request, certificate and file. */
export const hashKey = (spki: Uint8Array): string => hash("sha256", spki, "hex");
