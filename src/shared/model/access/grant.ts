import { z } from "zod";
import { FindingBrief } from "../finding.ts";
import { Instant } from "../instant.ts";
import { Approval } from "./change.ts";
import { Verdict } from "./verdict.ts";

/**
 * Why a grant that may let somebody in is an orphan. `gone`: whoever has its key has left. `unused`: nobody has used it
 * in the time that the logs cover. `private-key-not-found`: no private key of it is known, though the inventory is
 * marked complete.
 */
export const Orphan = z.enum(["gone", "unused", "private-key-not-found"]);
export type Orphan = z.infer<typeof Orphan>;

/**
 * Why a grant is an orphan. `unknown`: the inventory is marked complete and a host was not read whole, so that the
 * private key may be there.
 */
export const OrphanState = z.enum([...Orphan.options, "unknown"]);
export type OrphanState = z.infer<typeof OrphanState>;

/** One line of an authorized_keys file: key -> account, with options. */
export const GrantRow = z.object({
  id: z.int(),
  /** The host as the user named it. */
  host: z.string(),
  port: z.int(),
  account: z.string(),
  /** The file as sshd would open it. */
  file: z.string(),
  /** From 1. */
  line: z.int(),
  /** The type that the line names; null where the line cannot be read. */
  keyType: z.string().nullable(),
  keyBits: z.int().nullable(),
  /** As ssh-keygen prints it (`SHA256:...`); null where the line cannot be read. */
  fingerprint: z.string().nullable(),
  comment: z.string(),
  /** The options as they stand in the line, before the key; empty for none. */
  options: z.string(),
  verdict: Verdict,
  /** Effective is not `no`, and there is evidence that nobody owns or uses it. Without evidence it is false. */
  orphaned: z.boolean(),
  /**
   * The first reason why it is orphaned; null when it is not; `unknown` where that depends on a host that was not read
   * whole.
   */
  orphan: OrphanState.nullable(),
  /** New since the baseline, it may let somebody in, and nobody has approved it. */
  isUnapproved: z.boolean(),
  /** Of this exact line; null for none. */
  approval: Approval.nullable(),
  /** The sentences that matter, the deciding one first. */
  why: z.array(z.string()),
  firstSeen: Instant,
  lastSeen: Instant,
  findings: z.array(FindingBrief),
});
export type GrantRow = z.infer<typeof GrantRow>;

export const GrantDetail = GrantRow.extend({
  /** The whole line as it stands in the file; bytes that are not UTF-8 are replaced. */
  text: z.string(),
  /** The other accounts that the same key opens. */
  sameKey: z.array(
    z.object({ id: z.int(), host: z.string(), account: z.string(), file: z.string(), line: z.int() }),
  ),
});
export type GrantDetail = z.infer<typeof GrantDetail>;
