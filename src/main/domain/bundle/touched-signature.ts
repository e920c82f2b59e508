import { hash } from "node:crypto";
import { type PublicKey, readKeyBlob } from "#domain/ssh/key-blob.ts";
import { asField, openFields } from "#domain/ssh/wire.ts";

/** What of a key on a security key comes before its application, and the type of the key that it signs with. */
const PLAIN_TYPES: Readonly<Record<string, { keyType: string; fields: number }>> = {
  "sk-ssh-ed25519@openssh.com": { keyType: "ssh-ed25519", fields: 1 },
  "sk-ecdsa-sha2-nistp256@openssh.com": { keyType: "ecdsa-sha2-nistp256", fields: 2 },
};

const USER_WAS_PRESENT = 1;

type Plain = { key: PublicKey; signed: Uint8Array; signature: Uint8Array };

/**
 * A signature by a security key (PROTOCOL.u2f) as the plain one that is in it: it signs digests, and whether it was
 * touched. Null: the key is on none. `no`: it was not touched, or it is no such signature.
 */
export function splitTouched(key: PublicKey, signed: Uint8Array, signature: Uint8Array): Plain | "no" | null {
  const plain = Object.hasOwn(PLAIN_TYPES, key.keyType) ? PLAIN_TYPES[key.keyType] : undefined;
  if (!plain) return null;
  const ofKey = openFields(key.blob);
  ofKey.octets();
  const values = Array.from({ length: plain.fields }, () => ofKey.octets() ?? new Uint8Array());
  const application = ofKey.octets();
  const fields = openFields(signature);
  const name = fields.text();
  const value = fields.octets();
  const flags = signature.subarray(fields.position, fields.position + 1);
  const rest = signature.subarray(fields.position);
  const isTouched = ((flags[0] ?? 0) & USER_WAS_PRESENT) !== 0;
  if (!application || name !== key.keyType || !value || rest.length !== FLAGS_AND_COUNTER || !isTouched)
    return "no";
  const type = asField(Buffer.from(plain.keyType, "latin1"));
  const plainKey = readKeyBlob(Buffer.concat([type, ...values.map(asField)]));
  if (!plainKey) return "no";
  return {
    key: plainKey,
    signed: Buffer.concat([hash("sha256", application, "buffer"), rest, hash("sha256", signed, "buffer")]),
    signature: Buffer.concat([type, asField(value)]),
  };
}

const FLAGS_AND_COUNTER = 5;
