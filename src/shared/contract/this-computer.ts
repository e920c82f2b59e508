import { z } from "zod";
import { query } from "./procedure.ts";

/** What a scan from this workstation can use; found by looking, without writing or connecting anywhere. */
export const ThisComputer = z.object({
  user: z.string(),
  agent: z.object({
    isReachable: z.boolean(),
    identities: z.array(z.object({ keyType: z.string(), fingerprint: z.string(), comment: z.string() })),
  }),
  identityFiles: z.array(
    z.object({
      path: z.string(),
      keyType: z.string().nullable(),
      fingerprint: z.string().nullable(),
      isEncrypted: z.boolean().nullable(),
      isReadableByOthers: z.boolean(),
      /** Why it cannot be used to log in here, and what to do; null when it can. */
      unusable: z.string().nullable(),
    }),
  ),
  knownHosts: z.object({ files: z.array(z.string()), entries: z.int(), hashed: z.int() }),
  /** `hosts`: how many it names in full; `broken`: how many of its lines cannot be read. */
  sshConfig: z.object({
    files: z.array(z.string()),
    hosts: z.int(),
    broken: z.int(),
    notes: z.array(z.string()),
  }),
});
export type ThisComputer = z.infer<typeof ThisComputer>;

export const thisComputer = { look: query.output(ThisComputer) };
