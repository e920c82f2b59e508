import { inspectBytes } from "./inspect-bytes.ts";

/** Which key a private key file holds, of whatever format, read as on a host; null where the file itself does not tell. */
export function readHeldKey(path: string, bytes: Uint8Array): string | null {
  const item = inspectBytes(path, bytes).items.find(({ what }) => what === "private-key");
  return item?.what === "private-key" ? item.fingerprint : null;
}
