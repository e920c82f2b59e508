import { z } from "zod";
import { Instant } from "../instant.ts";

/**
 * How strong the evidence of a log is. `journal`: systemd's own, of which only entries are read that processes of
 * root's have written, as the kernel says. `file`: a plain file, into which any user of the host can have a line
 * written by syslog.
 */
export const UseEvidence = z.enum(["journal", "file"]);
export type UseEvidence = z.infer<typeof UseEvidence>;

/** The evidence of a log, by its `source`. */
export const evidenceOf = (source: string): UseEvidence => (source === "journal" ? "journal" : "file");

/** The last login from one address. */
export const LoginOrigin = z.object({
  from: z.string(),
  lastAt: Instant,
  /** By the journal; null where plain files alone show it. */
  lastInJournalAt: Instant.nullable(),
});
export type LoginOrigin = z.infer<typeof LoginOrigin>;

/** The logins with one key to one account in the logs of a host, over all readings. Times are by the host's clock. */
export const KeyLogins = z.object({
  account: z.string(),
  /** As the log writes it: `SHA256:...`, or `MD5:...` where sshd is set to that. */
  fingerprint: z.string(),
  /** They came with certificates, and the fingerprint is that of the authority that signed them. */
  isAuthority: z.boolean(),
  firstAt: Instant,
  lastAt: Instant,
  /** The last one in the journal; null where plain files alone show any. */
  lastInJournalAt: Instant.nullable(),
  /** The address of the last one; null where there were too many to keep. */
  lastFrom: z.string().nullable(),
  /** Their addresses, those in the journal first, then the latest: of the first `MOST_ORIGINS` addresses. */
  origins: z.array(LoginOrigin),
  /** How many on each day of the host's calendar, as days since the epoch, in their order. */
  days: z.array(z.tuple([z.int(), z.int()])),
});
export type KeyLogins = z.infer<typeof KeyLogins>;

/** How somebody has logged in without a key, by sshd's names; or become the account, by su. */
export const LoginMethod = z.enum([
  "password",
  "keyboard-interactive",
  "gssapi-with-mic",
  "gssapi-keyex",
  "hostbased",
  "none",
  "su",
]);
export type LoginMethod = z.infer<typeof LoginMethod>;

/** The logins to one account by one other means than a key. Times are by the host's clock. */
export const OtherLogins = KeyLogins.omit({ fingerprint: true, isAuthority: true }).extend({
  method: LoginMethod,
  /** By su: the account that became it; empty for all other means. */
  by: z.string(),
});
export type OtherLogins = z.infer<typeof OtherLogins>;

/** So many addresses of one key and account are kept. */
export const MOST_ORIGINS = 16;

/** The time in which one log has every login. `source`: "journal", or the path of the log without its rotations. */
export const LogWindow = z.object({ source: z.string(), from: Instant, to: Instant });
export type LogWindow = z.infer<typeof LogWindow>;

export type HostUse = { logins: KeyLogins[]; windows: LogWindow[] };

/** With the logins without a key. */
export type HostLogins = HostUse & { others: OtherLogins[] };
