import { hash } from "node:crypto";

/** SHA-256 of SubjectPublicKeyInfo (DER), in hex: the same key has the same one in whatever request or certificate. */
export const hashKey = (spki: Uint8Array): string => hash("sha256", spki, "hex");
