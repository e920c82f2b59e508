import { z } from "zod";
import { ScanId } from "../hosts/scan.ts";
import { Instant } from "../instant.ts";

export const ChangeKind = z.enum(["grant", "key-file", "host-key", "account", "certificate"]);
export type ChangeKind = z.infer<typeof ChangeKind>;

/** `gone`: only for what a scan could have seen and did not. */
export const ChangeWhat = z.enum(["appeared", "changed", "gone"]);
export type ChangeWhat = z.infer<typeof ChangeWhat>;

/** One difference between two scans. */
export const ChangeRow = z.object({
  id: z.int(),
  what: ChangeWhat,
  kind: ChangeKind,
  /** The host or endpoint as the user named it. */
  host: z.string(),
  /** The thing in a few words: an account and whose key, a path, a subject. Written by strangers. */
  title: z.string(),
  /** The file and line, or the endpoint; empty for what has no location but its host. */
  location: z.string(),
  /** What it is, or from what to what it has changed. Written by strangers in part. */
  details: z.array(z.string()),
  /** The host had not been read by the scan that is compared with: it is new to us, and may be old there. */
  isFirstReading: z.boolean(),
  /** The scan that found it so. */
  scan: ScanId,
  at: Instant,
  /** The grant, the account or the certificate, for whoever opens it; null for what has no page of its own. */
  opens: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("grant"), id: z.int() }),
      z.object({ kind: z.literal("account"), id: z.int() }),
      z.object({ kind: z.literal("certificate"), sha256: z.string() }),
    ])
    .nullable(),
});
export type ChangeRow = z.infer<typeof ChangeRow>;

export const ChangeCount = z.object({
  kind: ChangeKind,
  appeared: z.int(),
  changed: z.int(),
  gone: z.int(),
});
export type ChangeCount = z.infer<typeof ChangeCount>;

/** The scan that is compared with, as a whole: what it or an earlier one had seen is known. */
export const Baseline = z.object({ scan: ScanId, scannedAt: Instant, setAt: Instant });
export type Baseline = z.infer<typeof Baseline>;

/** A calendar day, as 2027-01-31. */
export const Day = z.iso.date();

/** That a grant may be there. It is for one exact line of one file. */
export const Approval = z.object({
  owner: z.string(),
  purpose: z.string(),
  /** The day on which somebody has to review it; null for never. */
  reviewOn: Day.nullable(),
  approvedAt: Instant,
});
export type Approval = z.infer<typeof Approval>;

/** One thing that happened to a grant, as it was first noticed. */
export const GrantEvent = z.object({
  at: Instant,
  what: z.enum(["first-seen", "moved", "changed", "gone", "back", "approved", "withdrawn"]),
  /** From what to what, or the owner and the purpose; empty where the kind of event says it all. */
  details: z.array(z.string()),
});
export type GrantEvent = z.infer<typeof GrantEvent>;

/** A certificate that stood at a location before or after another. */
export const Neighbour = z.object({ sha256: z.string(), subject: z.string(), notAfter: z.string() });
export type Neighbour = z.infer<typeof Neighbour>;

/** How long a certificate has been at one location, and what was there before and after. */
export const LocationSpan = z.object({
  kind: z.enum(["endpoint", "file"]),
  host: z.string(),
  /** The port and the requested server name, or the path. Written by strangers in part. */
  where: z.string(),
  /** Its position in the chain or in the file: 0 is the first. */
  position: z.int(),
  /** The scan that first saw it there, and the one that found it no more; null while it is there. */
  from: Instant,
  until: Instant.nullable(),
  /** What it replaced there, and what replaced it; null where nothing did, or nobody saw it. */
  before: Neighbour.nullable(),
  after: Neighbour.nullable(),
});
export type LocationSpan = z.infer<typeof LocationSpan>;
