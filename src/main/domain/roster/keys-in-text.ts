import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { BrokenPart, RosterKey } from "./roster.ts";
import { MOST_KEYS } from "./roster.ts";

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Where one key ends and the next begins, in a cell that holds several. */
const BETWEEN_KEYS = /[;,|]\s*(?=(?:ssh-|ecdsa-|sk-))/g;

type Read = { keys: RosterKey[]; broken: BrokenPart[] };

/** The keys of a text that holds one on each line, as authorized_keys and .pub files do. `where` names a line of it. */
export function readKeyLines(bytes: Uint8Array, where: (line: number) => string): Read {
  const lines = readAuthorizedKeys(bytes);
  const keys: RosterKey[] = [];
  const broken: BrokenPart[] = [];
  for (const { line, key, keyTypeText, problem } of lines.slice(0, MOST_KEYS)) {
    if (key) keys.push({ fingerprint: key.fingerprint, keyType: keyTypeText });
    else broken.push({ where: where(line), why: problem ?? "no public key can be read in it" });
  }
  if (lines.length > MOST_KEYS)
    broken.push({
      where: where(lines[MOST_KEYS]?.line ?? 0),
      why: `only the first ${MOST_KEYS} keys are taken`,
    });
  return { keys, broken };
}

/** The keys of one cell or value: whole public keys, between line ends or `;`. */
export const readKeyCell = (text: string, where: string): Read =>
  readKeyLines(Buffer.from(text.replaceAll(BETWEEN_KEYS, "\n")), () => where);

/** Fingerprints as ssh-keygen prints them, between blanks, commas or semicolons. */
export function readFingerprints(text: string, where: string): Read {
  const words = text.split(/[\s,;|]+/).filter(Boolean);
  const keys: RosterKey[] = [];
  const broken: BrokenPart[] = [];
  for (const word of words.slice(0, MOST_KEYS)) {
    const fingerprint = word.replace(/=+$/, "");
    if (FINGERPRINT.test(fingerprint)) keys.push({ fingerprint, keyType: null });
    else broken.push({ where, why: sayNoFingerprint(word) });
  }
  return { keys, broken };
}

const sayNoFingerprint = (word: string): string =>
  /^(MD5:)?([0-9a-f]{2}:){15}[0-9a-f]{2}$/i.test(word)
    ? `${word} is an MD5 fingerprint, which tells no key for certain; write what ssh-keygen -lf prints: SHA256:...`
    : `${word.slice(0, 80)} is no fingerprint; write what ssh-keygen -lf prints: SHA256:...`;
