export type SecretKind = "private key" | "password hash";

/** Whether bytes hold something with the shape of a private key or a password hash, in clear or once more in base64. */
export function findSecret(bytes: Uint8Array): SecretKind | null {
  if (bytes.length < SHORTEST) return null;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isPrivateDer(found) || PRIVATE.some((shape) => found.includes(shape))) return "private key";
  // Most records have neither: what they are is not turned into text for that.
  const hasHash = found.includes("$") && HASHES.test(found.toString("latin1"));
  return hasHash || (found.includes("::") && SHADOW.test(found.toString("latin1"))) ? "password hash" : null;
}
const SHORTEST = 12;

/** As it stands in base64 wherever it begins: without the letters that what is before and behind it take part in. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const coded = Buffer.from(`${"\0".repeat(before)}${text}`)
      .toString("base64")
      .replace(/=+$/, "");
    return coded.slice(Math.ceil((before * 4) / 3), (before + text.length) % 3 === 0 ? undefined : -1);
  });
}

/** Words of PEM, OpenSSH, PGP and PuTTY, and how an OpenSSH key begins. */
const WORDS = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "Private-Lines: ", "openssh-key-v1\0"];
const PRIVATE = [...WORDS, ...WORDS.flatMap(inBase64)];

/** As crypt(3) writes them: MD5, bcrypt, SHA-2, scrypt, yescrypt, gost-yescrypt and Argon2. A hash has 20 letters at least. */
const HASHES =
  /\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|argon2(?:id?|d))\$(?:[^\s:$]{0,128}\$){0,4}[./A-Za-z0-9+=]{20,}/;

/** A line of /etc/shadow: a name, the password, the day of its last change, and six more that are numbers or empty. */
const SHADOW = /^[^:\s]{1,256}:[^:\s]{1,512}:\d{1,6}(?::\d{0,6}){5}:$/m;

/**
 * A private key in DER: a sequence that begins with a small version number. A certificate, a request and a revocation list begin
 * with a sequence.
 */
function isPrivateDer(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false;
  const lengthBytes = (bytes[1] ?? 0) < 0x80 ? 0 : (bytes[1] ?? 0) - 0x80;
  const at = 2 + lengthBytes;
  if (lengthBytes > 3 || bytes[at] !== 0x02 || bytes[at + 1] !== 1 || (bytes[at + 2] ?? 9) > 1) return false;
  return declaredLength(bytes, lengthBytes) + at <= bytes.length;
}

const declaredLength = (bytes: Buffer, lengthBytes: number): number =>
  lengthBytes === 0 ? (bytes[1] ?? 0) : bytes.readUIntBE(2, lengthBytes);
