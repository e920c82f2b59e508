import { z } from "zod";
import { UnassignedWorkloads } from "../access/workload.ts";
import { Instant } from "../instant.ts";

/** Which uids a host gives to the accounts of people, and up to which to the system's; null: the host does not say. */
export const UidRange = z.object({
  min: z.int().nullable(),
  max: z.int().nullable(),
  systemMax: z.int().nullable(),
});
export type UidRange = z.infer<typeof UidRange>;

/** Whom the owner, the group and the mode of a file let in: of the group are its members, and root is everywhere. */
export const Audience = z.enum(["owner", "group", "everybody"]);
export type Audience = z.infer<typeof Audience>;

/** A program that runs as its owner, with its group, or both, whoever starts it. */
export const SetuidProgram = z.object({
  path: z.string(),
  /** The account that owns it, or its uid where none does. */
  owner: z.string(),
  /** Its group, or its gid. */
  group: z.string(),
  isSetuid: z.boolean(),
  isSetgid: z.boolean(),
  startableBy: Audience,
  writableBy: Audience,
  /** An ACL may let in more, or fewer. */
  hasAcl: z.boolean(),
});
export type SetuidProgram = z.infer<typeof SetuidProgram>;

/** A file with keys of Kerberos, and whom whoever reads it can be. */
export const Keytab = z.object({ path: z.string(), principals: z.array(z.string()) });
export type Keytab = z.infer<typeof Keytab>;

/** What runs on a host, or may, that belongs to the host and not to one account alone. */
export const HostPrograms = z.object({
  uidRange: UidRange,
  /** Those that others than their owner may write to come first. */
  setuidPrograms: z.array(SetuidProgram),
  /** False: there may be more of them. */
  isSetuidWhole: z.boolean(),
  /** Null: there is one that could not be read. */
  keytabs: z.array(Keytab).nullable(),
  unassigned: z.array(UnassignedWorkloads),
});
export type HostPrograms = z.infer<typeof HostPrograms>;

/** The same as it is known: when the reading began that it is of, and whether that was by root. */
export const ReadPrograms = HostPrograms.extend({ readAt: Instant, isByRoot: z.boolean() });
export type ReadPrograms = z.infer<typeof ReadPrograms>;
