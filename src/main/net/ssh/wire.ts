import { hash } from "node:crypto";
import type { HostKeyView } from "#shared/model/probe.ts";

/** A string of SSH's wire format: four bytes of length, then the content. */
export function toField(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The strings that stand one after another from `start`, `count` of them; null where the bytes do not hold them. */
export function readFields(
  bytes: Buffer,
  start: number,
  count: number,
): { fields: Buffer[]; end: number } | null {
  const fields: Buffer[] = [];
  let at = start;
  while (fields.length < count) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return null;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return { fields, end: at };
}

/** A public key in wire format, as it is shown to people. */
export function viewKey(blob: Uint8Array): HostKeyView {
  const type = readFields(Buffer.from(blob.buffer, blob.byteOffset, blob.length), 0, 1)?.fields[0]?.toString(
    "latin1",
  );
  const keyType = type && /^[!-~]{1,64}$/.test(type) ? type : "unknown";
  return { keyType, fingerprint: `SHA256:${hash("sha256", blob, "base64").replace(/=+$/, "")}` };
}
