import { z } from "zod";
import { Backup, DatabaseCheck } from "../model/backup.ts";
import { Instant } from "../model/instant.ts";
import { command, listOf, Page, query, Search, sortedBy } from "./procedure.ts";

export const settings = {
  /** Where the files are, and how large the store is. */
  read: query.output(
    z.object({
      version: z.string(),
      databasePath: z.string(),
      sizeBytes: z.int(),
      schema: z.int(),
      isReadOnly: z.boolean(),
      knownHostsFiles: z.array(z.string()),
      targetCount: z.int(),
      pinCount: z.int(),
      eventCount: z.int(),
      /** After so many days without a reading a target counts as not known (`today.setMaxAge`). */
      maxAgeDays: z.int(),
    }),
  ),
};

/** What a scan from this workstation can use, found without writing or connecting anywhere. */
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

export const thisComputer = { inspect: query.output(ThisComputer) };

export const database = {
  /**
   * The state of the database. Another one is put in its place only while no Latchkey is open: latchkey database
   * restore.
   */
  state: query.output(
    z.object({
      /** When every page was last read and found well, by hand or for a backup; null when that is not known. */
      checkedAt: Instant.nullable(),
      /** Why it is read-only: damage that was found when it was opened. */
      damage: z.string().nullable(),
      /** What is missing from it that had been saved, such as a log that somebody deleted. */
      loss: z.string().nullable(),
      backupFolder: z.string(),
    }),
  ),
  /** Reads every page, and verifies the audit log. It runs beside all other work, for as long as it takes. */
  check: query.output(DatabaseCheck),
  /** The newest first. */
  backups: query.output(z.array(Backup)),
  /** Makes a backup now, and answers once it is on the disk and checked. */
  backUp: command.output(Backup),
};

/** One event of the audit log. `detail`: what it is about, as JSON; partly a stranger's words. */
export const AuditEvent = z.object({ id: z.int(), at: Instant, kind: z.string(), detail: z.string() });
export type AuditEvent = z.infer<typeof AuditEvent>;

export const auditLog = {
  /** Everything that was done. By default the newest first. */
  list: query
    .input(
      z.object({
        search: Search,
        sort: sortedBy(["at"]).default({ by: "at", descending: true }),
        ...Page.shape,
      }),
    )
    .output(listOf(AuditEvent)),

  /** Follows the chain of the audit log from its start. `brokenAt` is the first event that was tampered with. */
  verify: query.output(z.object({ eventCount: z.int(), brokenAt: z.int().nullable() })),
};
