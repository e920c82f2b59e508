import { z } from "zod";
import { Instant } from "../instant.ts";
import { Labelled, TagName } from "../label.ts";

/** How a people source is written: a table, a folder of NAME.keys as GitHub serves them, or a directory's export. */
export const PeopleSourceKind = z.enum(["csv", "keys", "ldif"]);
export type PeopleSourceKind = z.infer<typeof PeopleSourceKind>;

/** A list of people and their keys that was imported, under the name that it was imported as. */
export const ImportedPeopleSource = z.object({
  name: z.string(),
  kind: PeopleSourceKind,
  /** The user has said that it names everybody: who is missing from it has left. */
  isWhole: z.boolean(),
  readAt: Instant,
  people: z.int(),
  /** Keys that it names a person for. */
  keys: z.int(),
});
export type ImportedPeopleSource = z.infer<typeof ImportedPeopleSource>;

/** A person by all entries of people sources that are theirs. Written by strangers. */
export const PersonRow = z.object({
  /** That of the entry that decides about them; it changes where another entry does. */
  id: z.int(),
  name: z.string(),
  email: z.string().nullable(),
  logins: z.array(z.string()),
  sources: z.array(z.string()),
  /** By all people sources together. */
  standing: z.enum(["known", "gone"]),
  /** Why, as a sentence. */
  why: z.string(),
  keyCount: z.int(),
  /** The first of them. */
  fingerprints: z.array(z.string()),
  /** Grants that these keys are in now. */
  grantCount: z.int(),
  readAt: Instant,
});
export type PersonRow = z.infer<typeof PersonRow>;

export const PersonDetail = PersonRow.extend({
  /**
   * One for each person in a people source that is this one. `isSplit`, `isJoined`: the user has split it from others of its
   * logins, or joined it with another one.
   */
  entries: z.array(
    z.object({
      id: z.int(),
      source: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      logins: z.array(z.string()),
      keyCount: z.int(),
      isSplit: z.boolean(),
      isJoined: z.boolean(),
    }),
  ),
  /** The grants that a key of theirs alone is in now, by their ids. */
  grants: z.array(z.int()),
  /** Keys that others who are there are listed with, too: to revoke one shuts these out. */
  sharedKeys: z.array(
    z.object({ fingerprint: z.string(), grants: z.array(z.int()), people: z.array(z.string()) }),
  ),
  /** What names them as its owner, by their names, addresses and logins: the first of it. */
  owned: z.array(Labelled),
  /** The tags that do: they answer for all that has one. */
  ownedTags: z.array(TagName),
  /** Accounts that nobody but they get into, as far as keys say, and that have no password. */
  ownAccounts: z.array(z.object({ id: z.int(), host: z.string(), port: z.int(), name: z.string() })),
  /** People who are listed with a key of theirs, and may be the same. */
  alike: z.array(z.object({ id: z.int(), name: z.string() })),
});
export type PersonDetail = z.infer<typeof PersonDetail>;

/** What the user says of entries: that two are of one person, or that the logins of one join it to nobody. */
export type PersonDecision =
  | { kind: "join"; entry: number; other: number }
  | { kind: "split"; entry: number };

/** Why private keys may lie on a host that no scan has seen there. */
export const KeyGap = z.enum(["never-read", "cut-short", "not-root", "unreadable-locations"]);
export type KeyGap = z.infer<typeof KeyGap>;

/** A host on which there may be private keys that are not known. */
export const HostWithGap = z.object({ host: z.string(), port: z.int(), gap: KeyGap });
export type HostWithGap = z.infer<typeof HostWithGap>;

/** The user's word on the inventory: whether it holds every machine that holds private keys. */
export const Inventory = z.object({
  isWhole: z.boolean(),
  /** What is outside, in the user's words; empty for nothing. */
  note: z.string(),
  /** Null until it was first marked. */
  markedAt: Instant.nullable(),
  /**
   * Hosts on which private keys may lie unseen: while there is one, a private key that was not found makes no orphan.
   */
  gaps: z.object({ total: z.int(), first: z.array(HostWithGap) }),
});
export type Inventory = z.infer<typeof Inventory>;

/** Whether what was not found counts as absent: the inventory is marked complete, and every host was read whole. */
export const evaluatesAbsence = ({ isWhole, gaps }: Inventory): boolean => isWhole && gaps.total === 0;
