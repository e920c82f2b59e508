import { readFields, toField } from "./wire.ts";

/** OpenSSH's own format of a private key (PROTOCOL.key): only its last part is encrypted. */
export type Container = {
  cipher: string;
  kdf: string;
  kdfOptions: Buffer;
  /** The public key, in clear. */
  blob: Buffer;
  secret: Buffer;
  /** What proves `secret` whole, where the cipher has such; empty otherwise. */
  tag: Buffer;
};

const MAGIC = Buffer.from("openssh-key-v1\0");
const BLOCK =
  /-----BEGIN OPENSSH PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\s]+)\r?\n-----END OPENSSH PRIVATE KEY-----/;

/** Null where the header cannot be read, or there is more than one key. */
export function readContainer(text: string): Container | null {
  const body = Buffer.from(BLOCK.exec(text)?.[1] ?? "", "base64");
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const header = readFields(body, MAGIC.length, 3);
  if (!header || header.end + 4 > body.length || body.readUInt32BE(header.end) !== 1) return null;
  const keys = readFields(body, header.end + 4, 2);
  if (!keys) return null;
  const [cipher, kdf, kdfOptions] = header.fields as [Buffer, Buffer, Buffer];
  const [blob, secret] = keys.fields as [Buffer, Buffer];
  return {
    cipher: cipher.toString("latin1"),
    kdf: kdf.toString("latin1"),
    kdfOptions,
    blob,
    secret,
    tag: body.subarray(keys.end),
  };
}

type Written = Pick<Container, "blob" | "secret"> & Partial<Pick<Container, "cipher" | "kdf" | "kdfOptions">>;

/** Without a passphrase where no cipher is named. `secret` is padded, and encrypted, already. */
export function writeContainer({
  blob,
  secret,
  cipher = "none",
  kdf = "none",
  kdfOptions = Buffer.alloc(0),
}: Written): string {
  const body = Buffer.concat([
    MAGIC,
    toField(cipher),
    toField(kdf),
    toField(kdfOptions),
    Buffer.from([0, 0, 0, 1]),
    toField(blob),
    toField(secret),
  ]);
  const lines = body.toString("base64").replace(/.{70}(?=.)/g, "$&\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
