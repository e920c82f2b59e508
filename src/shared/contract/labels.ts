import { z } from "zod";
import { Labelled, Labels, Tag, TagName } from "../model/label.ts";
import { command, query } from "./procedure.ts";

/** At most so many things are labelled at once. */
export const MOST_LABELLED = 1_000;

export const labels = {
  /** All tags, and everybody who was named as an owner. */
  read: query.output(z.object({ tags: z.array(Tag), owners: z.array(z.string()) })),

  find: query.input(z.object({ thing: Labelled })).output(Labels),

  /** Sets who answers for things, and adds or removes tags. What is left out stays as it is. */
  set: command
    .input(
      z.object({
        things: z.array(Labelled).min(1).max(MOST_LABELLED),
        /** Null removes the owner. */
        owner: z.string().trim().min(1).max(200).nullable().optional(),
        addTags: z.array(TagName).max(20).default([]),
        removeTags: z.array(TagName).max(20).default([]),
      }),
    )
    .output(z.object({ labelled: z.int() })),

  /** Sets from when certificates with a tag are due. The tag need not be in use yet. */
  setTag: command
    .input(z.object({ name: TagName, duePercent: Tag.shape.duePercent }))
    .output(z.object({ hasChanged: z.boolean() })),
};
