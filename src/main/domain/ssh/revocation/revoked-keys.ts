import { type KeyLine, readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { isKnownType, type PublicKey } from "#domain/ssh/key-blob.ts";
import { isKeyInKrl, isKrl, type Krl, readKrl } from "./krl.ts";

/**
 * What a file that RevokedKeys names takes back: a KRL, or a text list of bare keys. Of a broken one sshd refuses
 * every key, whoever's it is.
 */
export type Revocations =
  | { kind: "krl"; krl: Krl }
  | { kind: "list"; fingerprints: ReadonlySet<string> }
  | { kind: "broken"; why: string };

export function readRevokedKeys(bytes: Uint8Array): Revocations {
  if (isKrl(bytes)) {
    const krl = readKrl(bytes);
    return krl ? { kind: "krl", krl } : { kind: "broken", why: "it is a KRL that is cut or damaged" };
  }
  return readList(bytes);
}

/** Whether the key is taken back; as an authority, whether with it all its certificates are. */
export function isRevoked(revocations: Revocations, key: PublicKey): boolean {
  switch (revocations.kind) {
    case "krl":
      return isKeyInKrl(revocations.krl, key);
    case "list":
      return revocations.fingerprints.has(key.fingerprint);
    case "broken":
      return true;
  }
}

/** A certificate in the list stands for the key in it. */
function readList(bytes: Uint8Array): Revocations {
  const fingerprints = new Set<string>();
  for (const line of readAuthorizedKeys(bytes)) {
    const { key } = line;
    // sshd passes over a key that is too short, and stops at a line that is none.
    if (key && isTooShort(line)) continue;
    if (!key || !isBareKey(line)) return { kind: "broken", why: `its line ${line.line} is not a bare key` };
    fingerprints.add(key.fingerprint);
  }
  const stray = findStrayReturn(bytes);
  return stray === null
    ? { kind: "list", fingerprints }
    : { kind: "broken", why: `its line ${stray} holds a carriage return alone` };
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
