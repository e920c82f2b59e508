import { z } from "zod";

/** A kind of private key that certificates are asked for with. */
export const KeyKind = z.enum(["p256", "p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"]);
export type KeyKind = z.infer<typeof KeyKind>;
