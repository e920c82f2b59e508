import { z } from "zod";
import {
  ImportedPeopleSource,
  Inventory,
  PeopleSourceKind,
  PersonDetail,
  PersonRow,
} from "../../model/access/person.ts";
import { command, listOf, Page, query, Search, sortedBy } from "../procedure.ts";

/** A people source is a few megabytes at most; a folder of keys has a file for each person. */
const MOST_PEOPLE_SOURCE_BASE64 = 24 * 1024 * 1024;
const MOST_PEOPLE_SOURCE_FILES = 50_000;

const PeopleSourceName = z.string().trim().min(1).max(200);

/** A line of a people source that could not be read. Written by strangers. */
const BrokenLine = z.object({
  /** `people.csv line 12`. */
  where: z.string(),
  why: z.string(),
});
export type BrokenLine = z.infer<typeof BrokenLine>;

/** At most so many are listed; `total` counts them all. */
export const BROKEN_LINES_SHOWN = 100;

export const people = {
  list: query
    .input(
      z.object({
        search: Search,
        standing: z.enum(["known", "gone"]).nullable().default(null),
        sort: sortedBy(["name", "standing"]).default({ by: "name", descending: false }),
        ...Page.shape,
      }),
    )
    .output(listOf(PersonRow)),

  /** A person with all their entries, by the id of any of these. */
  find: query.input(z.object({ id: z.int() })).output(PersonDetail),

  /** Says that these entries are of one person, whatever their logins are. */
  join: command.input(z.object({ ids: z.array(z.int()).min(2).max(100) })).output(z.object({ id: z.int() })),

  /** Says that an entry is of nobody else: its logins join it to no other entry. */
  split: command.input(z.object({ id: z.int() })).output(z.object({ id: z.int() })),

  /** Withdraws what was said of an entry by `join` and `split`: its logins alone decide again. */
  regroup: command.input(z.object({ id: z.int() })).output(z.object({ withdrawn: z.int() })),

  sources: query.output(z.array(ImportedPeopleSource)),

  /**
   * Imports a people source, which replaces one of the same name. Who is no longer in it stays as they were, unless it
   * is said to name everybody.
   */
  import: command
    .input(
      z.object({
        name: PeopleSourceName,
        files: z
          .array(z.object({ name: z.string().max(4_096), base64: z.base64().max(MOST_PEOPLE_SOURCE_BASE64) }))
          .min(1)
          .max(MOST_PEOPLE_SOURCE_FILES),
        isWhole: z.boolean().default(false),
      }),
    )
    .output(
      z.object({
        kind: PeopleSourceKind,
        people: z.int(),
        keys: z.int(),
        gone: z.int(),
        /** People of an earlier import who are not in this one. */
        missing: z.int(),
        broken: z.object({ total: z.int(), first: z.array(BrokenLine).max(BROKEN_LINES_SHOWN) }),
        notes: z.array(z.string()),
      }),
    ),

  /** Removes a people source, and all that is known from it alone. */
  remove: command.input(z.object({ name: PeopleSourceName })).output(z.object({ people: z.int() })),

  inventory: query.output(Inventory),

  /** Records whether every machine that holds private keys is scanned, and what is outside. */
  markInventory: command
    .input(z.object({ isWhole: z.boolean(), note: z.string().trim().max(500).default("") }))
    .output(Inventory),
};
