import { hash } from "node:crypto";

/** SHA-256 of a SubjectPublicKeyInfo, lower-case hex, as certificates give theirs; null where there is none. */
export const spkiHashOf = (spki: Uint8Array | null): string | null => spki && hash("sha256", spki, "hex");
