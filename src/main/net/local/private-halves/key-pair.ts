/** A key with its private half, in memory: made here, or read from a file that stands in clear. */
import { createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Identity } from "#net/ssh/identities.ts";
import { readContainer, writeContainer } from "#net/ssh/openssh-container.ts";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { readFields, toField, viewKey } from "#net/ssh/wire.ts";
import { RSA_BITS } from "#shared/model/plan.ts";
import { Redacted } from "#shared/model/redacted.ts";

export type KeyPair = {
  keyType: string;
  fingerprint: string;
  blob: Buffer;
  /** As it stands in an authorized_keys file: type and base64. */
  line: string;
  comment: string;
  /** The private half as agents and OpenSSH's format hold it: its type, then its numbers. */
  secret: Redacted<Buffer>;
};

export type NewKeyType = "ed25519" | "ecdsa" | "rsa";

const generate = promisify(generateKeyPair);

const GENERATE: Record<NewKeyType, () => Promise<{ privateKey: KeyObject }>> = {
  ed25519: () => generate("ed25519"),
  ecdsa: () => generate("ec", { namedCurve: "P-256" }),
  rsa: () => generate("rsa", { modulusLength: RSA_BITS }),
};

export async function makeKeyPair(wish: { keyType: NewKeyType; comment: string }): Promise<KeyPair> {
  const { privateKey } = await GENERATE[wish.keyType]();
  const pair = toPair(privateKey, wish.comment);
  if (!pair) throw new Error(`SSH has no keys of type ${wish.keyType}`);
  return pair;
}

/** The key of a private key file without a passphrase, in any format that OpenSSH reads; null for anything else. */
export function readKeyPair(text: Redacted<string>): KeyPair | null {
  const clear = Redacted.reveal(text);
  const container = readContainer(clear);
  if (container) return container.cipher === "none" ? readSecret(container.blob, container.secret) : null;
  try {
    return toPair(createPrivateKey(clear), "");
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

/** What a login needs of it. */
export function toIdentity(pair: KeyPair, source: string): Identity {
  const file = readPrivateKeyFile(
    Buffer.from(writeContainer({ blob: pair.blob, secret: padSecret(pair, 8) })),
  );
  if (file.kind !== "usable") throw new Error(`a key that was made here is of no use: ${file.why}`);
  const { keyType, fingerprint, comment } = pair;
  return { keyType, fingerprint, source, comment, secret: { kind: "file", key: file.key } };
}

/** As it stands in OpenSSH's format, before it is encrypted with a cipher of that block size. */
export function padSecret({ secret, comment }: KeyPair, blockBytes: number): Buffer {
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, Redacted.reveal(secret), toField(comment)]);
  const padding = Array.from(
    { length: (blockBytes - (body.length % blockBytes)) % blockBytes },
    (_, at) => at + 1,
  );
  return Buffer.concat([body, Buffer.from(padding)]);
}

/** Of each type so many fields come after its name, and the comment after those. */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 2,
  "ssh-rsa": 6,
  "ecdsa-sha2-nistp256": 3,
  "ecdsa-sha2-nistp384": 3,
  "ecdsa-sha2-nistp521": 3,
};

const CHECK_BYTES = 8;

function readSecret(blob: Buffer, section: Buffer): KeyPair | null {
  const count = FIELDS[viewKey(blob).keyType];
  const read = count === undefined ? null : readFields(section, CHECK_BYTES, count + 1);
  const comment = read && readFields(section, read.end, 1)?.fields[0];
  if (!read || !comment) return null;
  const secret = new Redacted(Buffer.from(section.subarray(CHECK_BYTES, read.end)));
  return nameKey(Buffer.from(blob), secret, comment.toString("utf8"));
}

function toPair(key: KeyObject, comment: string): KeyPair | null {
  const jwk = key.export({ format: "jwk" });
  const numbers = WRITE[key.asymmetricKeyType ?? ""]?.(jwk);
  if (!numbers) return null;
  const { keyType, open, closed } = numbers;
  const blob = Buffer.concat([keyType, ...open].map(toField));
  return nameKey(blob, new Redacted(Buffer.concat([keyType, ...closed].map(toField))), comment);
}

function nameKey(blob: Buffer, secret: Redacted<Buffer>, comment: string): KeyPair {
  const view = viewKey(blob);
  return { ...view, blob, line: `${view.keyType} ${blob.toString("base64")}`, comment, secret };
}

type Numbers = { keyType: string; open: (Buffer | string)[]; closed: (Buffer | string)[] };

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");

/** A number as SSH writes it: without zeros before it, but for one that keeps it from being negative. */
function number(text: string | undefined): Buffer {
  const all = bytes(text);
  const first = all.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.alloc(0) : all.subarray(first);
  return short.length > 0 && (short[0] as number) >= 0x80 ? Buffer.concat([Buffer.alloc(1), short]) : short;
}

const CURVES: Readonly<Record<string, string>> = {
  "P-256": "nistp256",
  "P-384": "nistp384",
  "P-521": "nistp521",
};

const WRITE: Readonly<Record<string, (jwk: JsonWebKey) => Numbers | null>> = {
  ed25519({ x, d }) {
    const point = bytes(x);
    return { keyType: "ssh-ed25519", open: [point], closed: [point, Buffer.concat([bytes(d), point])] };
  },
  ec({ crv, x, y, d }) {
    const curve = CURVES[crv ?? ""];
    if (!curve) return null;
    const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
    return { keyType: `ecdsa-sha2-${curve}`, open: [curve, point], closed: [curve, point, number(d)] };
  },
  rsa({ n, e, d, qi, p, q }) {
    const closed = [n, e, d, qi, p, q].map(number);
    return { keyType: "ssh-rsa", open: [number(e), number(n)], closed };
  },
};
