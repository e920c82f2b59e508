import { z } from "zod";

/** What is said of the signature of something that was carried here. */
export const SIGNED = {
  /** What `ssh-keygen -Y sign` wrote for it. */
  signature: z.string().max(65_536).nullable().default(null),
  /** Keys whose signatures are good beside those of the rosters: fingerprints, or public keys, one a line. */
  signers: z
    .string()
    .max(1024 * 1024)
    .default(""),
  /** Refuse what nobody has signed who is known and still there. */
  requireSignature: z.boolean().default(false),
};
