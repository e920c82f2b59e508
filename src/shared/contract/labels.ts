import { z } from "zod";
import { Environment, Labelled, LabelSuggestion, Labels, OwnerName, Tag, TagName } from "../model/label.ts";
import { command, query } from "./procedure.ts";

/** At most so many things are labelled at once. */
export const MOST_LABELLED = 1_000;

/** Which change of labels it was, by which it is undone; null where everything was so before. */
const LabelChangeId = z.int().nullable();

export const labels = {
  /** All tags, everybody who was named as an owner, and every environment. */
  read: query.output(
    z.object({ tags: z.array(Tag), owners: z.array(z.string()), environments: z.array(z.string()) }),
  ),

  find: query.input(z.object({ thing: Labelled })).output(Labels),

  /** What may be said of a thing, by what is at hand. None of it counts for anything until somebody says yes, by `set`. */
  suggest: query
    .input(z.object({ thing: Labelled }))
    .output(z.object({ suggestions: z.array(LabelSuggestion) })),

  /**
   * Accounts that nobody answers for, the operating system's own apart, of which somebody may; a page of those that were
   * looked through. `next`: where the next page begins.
   */
  suggestOwners: query
    .input(z.object({ after: z.int().default(0), limit: z.int().min(1).max(500).default(200) }))
    .output(
      z.object({
        rows: z.array(z.object({ thing: Labelled, suggestions: z.array(LabelSuggestion) })),
        next: z.int().nullable(),
      }),
    ),

  /**
   * Sets who answers for things, what they are for, where they are used and when they are to be reviewed, and adds or
   * removes tags. Null removes a value of theirs; what is left out stays as it is. All of it is one change.
   */
  set: command
    .input(
      z.object({
        things: z.array(Labelled).min(1).max(MOST_LABELLED),
        owner: OwnerName.nullable().optional(),
        purpose: z.string().trim().min(1).max(200).nullable().optional(),
        environment: Environment.nullable().optional(),
        reviewOn: z.iso.date("write a day, such as 2027-01-31").nullable().optional(),
        addTags: z.array(TagName).max(20).default([]),
        removeTags: z.array(TagName).max(20).default([]),
      }),
    )
    .output(z.object({ labelled: z.int(), change: LabelChangeId })),

  /**
   * Makes the labels of all things of a change what they were before it; null: the last one that was not undone. Refused
   * where one of them was changed again since. `gone`: issuers that were removed, with their labels.
   */
  undo: command
    .input(z.object({ change: LabelChangeId.default(null) }))
    .output(z.object({ things: z.array(Labelled), gone: z.array(Labelled) })),

  /**
   * Sets from when certificates with a tag are due, and who answers for what has it, and where that is used. What is
   * left out stays as it is. The tag need not be in use yet.
   */
  setTag: command
    .input(
      z.object({
        name: TagName,
        duePercent: Tag.shape.duePercent.optional(),
        owner: Tag.shape.owner.optional(),
        environment: Tag.shape.environment.optional(),
      }),
    )
    .output(z.object({ hasChanged: z.boolean() })),
};
