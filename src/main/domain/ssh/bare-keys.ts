import { type KeyLine, readAuthorizedKeys } from "./authorized-keys.ts";
import { isKnownType } from "./key-blob.ts";

/**
 * A file of keys without options, as RevokedKeys and TrustedUserCAKeys name one: sshd reads to the first line that is
 * none, and no further.
 */
export type BareKeys = {
  lines: KeyLine[];
  /** The line that is none, from 1, and why. */
  broken: { line: number; why: string } | null;
};

export function readBareKeys(bytes: Uint8Array): BareKeys {
  const lines: KeyLine[] = [];
  const stray = findStrayReturn(bytes);
  for (const line of readAuthorizedKeys(bytes)) {
    if (stray !== null && stray < line.line) break;
    // A key that is too short is passed over.
    if (isTooShort(line)) continue;
    if (!isBareKey(line)) return { lines, broken: { line: line.line, why: "is not a bare key" } };
    lines.push(line);
  }
  return { lines, broken: stray === null ? null : { line: stray, why: "holds a carriage return alone" } };
}

const isTooShort = ({ key, options }: KeyLine): boolean =>
  options === "" && key?.keyType === "ssh-rsa" && (key.keyBits ?? 0) < 1_024;

const isBareKey = ({ key, keyTypeText, options }: KeyLine): boolean =>
  options === "" &&
  key !== null &&
  isKnownType(key.keyType) &&
  key.keyType !== "ssh-dss" &&
  (key.keyType === keyTypeText || keyTypeText?.startsWith("rsa-sha2-") === true);

/** A line of authorized_keys that is blank but for the return of a CRLF does no harm; here it does. From 1. */
function findStrayReturn(bytes: Uint8Array): number | null {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1").split("\n");
  const index = lines.findIndex((line) => /^[ \t]*\r$/.test(line));
  return index < 0 ? null : index + 1;
}
