import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { inspectBytes } from "./inspect-bytes.ts";

/** A private key that is held on this computer, by its public half. */
export type HeldKey = {
  /** The path of its file, or "agent". */
  place: string;
  kind: "file" | "agent";
  keyType: string | null;
  fingerprint: string;
  /** Null: not told, as of a key that an agent holds. */
  isEncrypted: boolean | null;
  /** False where only the .pub file beside it says which key it is: anybody may have put that there. */
  isProven: boolean;
};

/** The key in a private key file, read as on a host; null where nothing tells which one it is. */
export function readHeldKey(path: string, bytes: Uint8Array, beside: Uint8Array | null): HeldKey | null {
  const item = inspectBytes(path, bytes).items.find(({ what }) => what === "private-key");
  if (item?.what !== "private-key") return null;
  const { keyType, fingerprint, isEncrypted } = item;
  const shared = { place: path, kind: "file", isEncrypted } as const;
  if (fingerprint !== null) return { ...shared, keyType, fingerprint, isProven: true };
  const likely = beside && readPublicKeyLine(Buffer.from(beside).toString("latin1"))?.key;
  return likely
    ? { ...shared, keyType: likely.keyType, fingerprint: likely.fingerprint, isProven: false }
    : null;
}
