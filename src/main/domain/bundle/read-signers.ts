import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";

/** A key whose signatures are good, and whose it is called. */
export type Signer = { fingerprint: string; name: string };

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const KEY_TYPE = /^(ssh-|ecdsa-|sk-)/;

/**
 * Signers, one a line: a fingerprint, a public key, or a line of ssh-keygen's allowed_signers without options. `broken`:
 * the first line that is none of these; what it would restrict must not be passed over.
 */
export function readSigners(text: string): { signers: Signer[]; broken: number | null } {
  const signers: Signer[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    const signer = readSigner(words);
    if (!signer) return { signers, broken: index + 1 };
    signers.push(signer);
  }
  return { signers, broken: null };
}

function readSigner(words: readonly string[]): Signer | null {
  const [first = ""] = words;
  if (words.length === 1 && FINGERPRINT.test(first)) return { fingerprint: first, name: first };
  const at = words.findIndex((word) => KEY_TYPE.test(word));
  if (at < 0 || at > 1 || (at === 1 && /^cert-authority|=/.test(first))) return null;
  const read = readPublicKeyLine(words.slice(at).join(" "));
  if (!read) return null;
  const { fingerprint } = read.key;
  return { fingerprint, name: (at === 1 ? first : read.comment) || fingerprint };
}
