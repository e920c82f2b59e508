import { readBareKeys } from "#domain/ssh/bare-keys.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
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
  const { lines, broken } = readBareKeys(bytes);
  if (broken) return { kind: "broken", why: `its line ${broken.line} ${broken.why}` };
  return { kind: "list", fingerprints: new Set(lines.flatMap(({ key }) => key?.fingerprint ?? [])) };
}
