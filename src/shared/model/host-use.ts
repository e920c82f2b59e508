import { z } from "zod";
import { Instant } from "./instant.ts";

/** What the logs of a host tell of logins with one key to one account, over all readings. Times are by the host's clock. */
export const KeyLogins = z.object({
  account: z.string(),
  /** As the log writes it: `SHA256:...`, or `MD5:...` where sshd is set to that. */
  fingerprint: z.string(),
  /** They came with certificates, and the fingerprint is that of the authority that signed them. */
  isAuthority: z.boolean(),
  firstAt: Instant,
  lastAt: Instant,
  /** The address of the last one; null where there were too many to keep. */
  lastFrom: z.string().nullable(),
  /** How many on each day of the host's calendar, as days since the epoch, in their order. */
  days: z.array(z.tuple([z.int(), z.int()])),
});
export type KeyLogins = z.infer<typeof KeyLogins>;

/** From when to when one log tells of every login. `source`: "journal", or the path of the log without its rotations. */
export const LogWindow = z.object({ source: z.string(), from: Instant, to: Instant });
export type LogWindow = z.infer<typeof LogWindow>;

export type HostUse = { logins: KeyLogins[]; windows: LogWindow[] };
