import { randomBytes } from "node:crypto";
import { decodePem, findPemBlocks, writePem } from "./pem.ts";
import { type Fields, openFields, toField } from "./ssh-wire.ts";

/** OpenSSH's own format of a private key (PROTOCOL.key): only its last part, `secret`, is encrypted. */
type SealedKey = {
  cipher: string;
  kdf: string;
  kdfOptions: Buffer;
  /** The public key, in clear. */
  blob: Buffer;
  secret: Buffer;
};

/** `tag`: what proves `secret` whole, where the cipher has such; empty otherwise. */
type Container = SealedKey & { tag: Buffer };

/** All of it that is in clear, with the number of its keys. */
type ContainerHeader = { cipher: string; kdf: string; kdfOptions: Buffer; keys: number; blob: Buffer };

export const OPENSSH_KEY = "OPENSSH PRIVATE KEY";

const MAGIC = Buffer.from("openssh-key-v1\0");
/** OpenSSH's lines are longer than those of others. */
const LINE = 70;

/** The container in the first block of its kind; null where its header cannot be read, or there is more than one key. */
export function readContainer(text: string): Container | null {
  const block = findPemBlocks(text).find(({ label }) => label === OPENSSH_KEY);
  const fields = block?.problem === null ? openContainer(decodePem(block.lines)) : null;
  const header = fields && readHeader(fields);
  const secret = header?.keys === 1 ? fields?.octets() : null;
  if (!fields || !header || !secret) return null;
  const { cipher, kdf, kdfOptions, blob } = header;
  return { cipher, kdf, kdfOptions, blob, secret, tag: fields.bytes.subarray(fields.position) };
}

/** What the bytes of a container show in clear; "other" where they are none, null where they are cut short. */
export function readContainerHeader(bytes: Buffer | null): ContainerHeader | "other" | null {
  const fields = openContainer(bytes);
  return fields ? readHeader(fields) : "other";
}

const openContainer = (bytes: Buffer | null): Fields<Buffer> | null =>
  bytes?.subarray(0, MAGIC.length).equals(MAGIC) ? openFields(bytes, MAGIC.length) : null;

function readHeader(fields: Fields<Buffer>): ContainerHeader | null {
  const cipher = fields.text();
  const kdf = fields.text();
  const kdfOptions = fields.octets();
  const keys = fields.number(4);
  const blob = fields.octets();
  if (cipher === null || kdf === null || !kdfOptions || keys === null || !blob) return null;
  return { cipher, kdf, kdfOptions, keys: Number(keys), blob };
}

/** `secret` is padded, and encrypted, already. */
export function writeContainer({ cipher, kdf, kdfOptions, blob, secret }: SealedKey): string {
  const fields = [toField(cipher), toField(kdf), toField(kdfOptions), Buffer.from([0, 0, 0, 1])];
  return writePem(OPENSSH_KEY, Buffer.concat([MAGIC, ...fields, toField(blob), toField(secret)]), LINE);
}

/** Without a passphrase. `secret` is padded already. */
export const writeOpenContainer = (blob: Buffer, secret: Buffer): string =>
  writeContainer({ cipher: "none", kdf: "none", kdfOptions: Buffer.alloc(0), blob, secret });

/**
 * A private half as it stands in a container before it is encrypted with a cipher of that block size: a number twice, by which a right
 * passphrase is told, the key, its comment, and padding.
 */
export function padSecret(secret: Uint8Array, comment: string, blockBytes: number): Buffer {
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, secret, toField(comment)]);
  const missing = (blockBytes - (body.length % blockBytes)) % blockBytes;
  return Buffer.concat([body, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}
