import { createPublicKey, type JsonWebKey, randomBytes } from "node:crypto";
import { viewKey } from "./fingerprint.ts";
import { decodePem, findPemBlocks, writePem } from "./pem.ts";
import { type Fields, openFields, toField, toNumber } from "./ssh-wire.ts";

/** The size of a new RSA key: the default of ssh-keygen. */
export const RSA_BITS = 3_072;

/** A public key in wire format as one line of a .pub file, without a comment (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
export const formatPublicKey = (blob: Uint8Array): string =>
  `${viewKey(blob).keyType} ${Buffer.from(blob).toString("base64")}`;

/** The wire format of the key in such a line, which has no options; empty where it has none. */
export const blobOfPublicKey = (line: string): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");

/** Converts SSH keys to and from JSON Web Keys, which node:crypto reads and writes: the three kinds that both know. */

const CURVES: ReadonlyMap<string, string> = new Map([
  ["nistp256", "P-256"],
  ["nistp384", "P-384"],
  ["nistp521", "P-521"],
]);
const NAMES: ReadonlyMap<string, string> = new Map(Array.from(CURVES, ([name, curve]) => [curve, name]));

const fromBase64url = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/**
 * The public key in a blob; null for a kind that certificates do not have, or if the blob holds none. `keyType`: the
 * type that it is read as, if that is not the name in it.
 */
export function jwkOfBlob(blob: Uint8Array, keyType?: string): JsonWebKey | null {
  const fields = openFields(blob);
  const named = fields.text();
  const type = keyType ?? named;
  if (type === "ssh-ed25519") {
    const x = fields.octets();
    return x && { kty: "OKP", crv: "Ed25519", x: base64url(x) };
  }
  if (type === "ssh-rsa") {
    const [e, n] = [fields.octets(), fields.octets()];
    return e && n && { kty: "RSA", n: base64url(n), e: base64url(e) };
  }
  if (!type?.startsWith("ecdsa-sha2-")) return null;
  const crv = CURVES.get(fields.text() ?? "");
  const coordinates = fields.octets();
  // 4: both coordinates follow as they are (SEC 1 2.3.3).
  if (!crv || !coordinates || coordinates[0] !== 4) return null;
  const size = (coordinates.length - 1) / 2;
  const [x, y] = [coordinates.subarray(1, 1 + size), coordinates.subarray(1 + size)];
  return { kty: "EC", crv, x: base64url(x), y: base64url(y) };
}

/** The blob of a public key, or of a private key's public key; null for a kind that SSH does not have. */
export function blobOfJwk({ kty, crv, x, y, n, e }: JsonWebKey): Buffer | null {
  if (kty === "RSA") return join("ssh-rsa", toNumber(fromBase64url(e)), toNumber(fromBase64url(n)));
  if (kty === "OKP" && crv === "Ed25519") return join("ssh-ed25519", fromBase64url(x));
  const curve = kty === "EC" ? NAMES.get(crv ?? "") : undefined;
  return curve === undefined ? null : join(`ecdsa-sha2-${curve}`, curve, encodeCoordinates(x, y));
}

/** The private key as agents and OpenSSH's format hold it: its type, then its numbers. Null as above. */
export function secretOfJwk({ kty, crv, x, y, d, n, e, p, q, qi }: JsonWebKey): Buffer | null {
  if (kty === "RSA") return join("ssh-rsa", ...[n, e, d, qi, p, q].map(fromBase64url).map(toNumber));
  if (kty === "OKP" && crv === "Ed25519") {
    const coordinates = fromBase64url(x);
    return join("ssh-ed25519", coordinates, Buffer.concat([fromBase64url(d), coordinates]));
  }
  const curve = kty === "EC" ? NAMES.get(crv ?? "") : undefined;
  if (curve === undefined) return null;
  return join(`ecdsa-sha2-${curve}`, curve, encodeCoordinates(x, y), toNumber(fromBase64url(d)));
}

const join = (...fields: readonly (Uint8Array | string)[]): Buffer => Buffer.concat(fields.map(toField));

const encodeCoordinates = (x: string | undefined, y: string | undefined): Buffer =>
  Buffer.concat([Buffer.from([4]), fromBase64url(x), fromBase64url(y)]);

/**
 * The DER of the SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a public key in SSH's wire format, by which certificates
 * identify it. Null for a kind of key that certificates do not have, or if the blob is not one whole key.
 */
export function spkiOfBlob(blob: Uint8Array): Uint8Array | null {
  const key = jwkOfBlob(blob);
  if (!key) return null;
  try {
    return new Uint8Array(createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "der" }));
  } catch {
    // The point is not on the curve, or this runtime does not know the kind of key.
    return null;
  }
}

/** OpenSSH's own format of a private key (PROTOCOL.key): only its last part, `secret`, is encrypted. */
type SealedKey = {
  cipher: string;
  kdf: string;
  kdfOptions: Buffer;
  /** The public key, in clear. */
  blob: Buffer;
  secret: Buffer;
};

/** `tag`: the authentication tag of `secret`, if the cipher has one; empty otherwise. */
type Container = SealedKey & { tag: Buffer };

/** All of it that is in clear, with the number of its keys. */
type ContainerHeader = { cipher: string; kdf: string; kdfOptions: Buffer; keys: number; blob: Buffer };

export const OPENSSH_KEY = "OPENSSH PRIVATE KEY";

const CONTAINER_MAGIC = Buffer.from("openssh-key-v1\0");
/** OpenSSH's lines are longer than those of others. */
const CONTAINER_LINE = 70;

/** The container in the first block of its kind; null if its header cannot be read, or if it has more than one key. */
export function readContainer(text: string): Container | null {
  const block = findPemBlocks(text).find(({ label }) => label === OPENSSH_KEY);
  const fields = block?.problem === null ? openContainer(decodePem(block.lines)) : null;
  const header = fields && readHeader(fields);
  const secret = header?.keys === 1 ? fields?.octets() : null;
  if (!fields || !header || !secret) return null;
  const { cipher, kdf, kdfOptions, blob } = header;
  return { cipher, kdf, kdfOptions, blob, secret, tag: fields.bytes.subarray(fields.position) };
}

/** What the bytes of a container show in the clear; "other" if they are none, null if they are cut short. */
export function readContainerHeader(bytes: Buffer | null): ContainerHeader | "other" | null {
  const fields = openContainer(bytes);
  return fields ? readHeader(fields) : "other";
}

const openContainer = (bytes: Buffer | null): Fields<Buffer> | null =>
  bytes?.subarray(0, CONTAINER_MAGIC.length).equals(CONTAINER_MAGIC)
    ? openFields(bytes, CONTAINER_MAGIC.length)
    : null;

function readHeader(fields: Fields<Buffer>): ContainerHeader | null {
  const cipher = fields.text();
  const kdf = fields.text();
  const kdfOptions = fields.octets();
  const keys = fields.number(4);
  const blob = fields.octets();
  if (cipher === null || kdf === null || !kdfOptions || keys === null || !blob) return null;
  return { cipher, kdf, kdfOptions, keys: Number(keys), blob };
}

/** `secret` is already padded and encrypted. */
export function writeContainer({ cipher, kdf, kdfOptions, blob, secret }: SealedKey): string {
  const fields = [toField(cipher), toField(kdf), toField(kdfOptions), Buffer.from([0, 0, 0, 1])];
  return writePem(
    OPENSSH_KEY,
    Buffer.concat([CONTAINER_MAGIC, ...fields, toField(blob), toField(secret)]),
    CONTAINER_LINE,
  );
}

/** Without a passphrase. `secret` is already padded. */
export const writeOpenContainer = (blob: Buffer, secret: Buffer): string =>
  writeContainer({ cipher: "none", kdf: "none", kdfOptions: Buffer.alloc(0), blob, secret });

/**
 * A private key as it stands in a container before it is encrypted with a cipher of that block size: a number twice, by
 * which the right passphrase is recognized, the key, its comment, and padding.
 */
export function padSecret(secret: Uint8Array, comment: string, blockBytes: number): Buffer {
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, secret, toField(comment)]);
  const missing = (blockBytes - (body.length % blockBytes)) % blockBytes;
  return Buffer.concat([body, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}
