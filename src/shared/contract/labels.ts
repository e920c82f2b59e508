import { z } from "zod";
import { Labelled, Labels, Tag, TagName } from "../model/label.ts";
import { command, query } from "./procedure.ts";

/** At most so many things are labelled at once. */
export const MOST_LABELLED = 1_000;

export const labels = {
  /** All tags, and everybody who was named as an owner. */
  read: query.output(z.object({ tags: z.array(Tag), owners: z.array(z.string()) })),

  find: query.input(z.object({ thing: Labelled })).output(Labels),

  /** Says of things who answers for them, and gives or takes tags. What is left out stays as it is. */
  set: command
    .input(
      z.object({
        things: z.array(Labelled).min(1).max(MOST_LABELLED),
        /** Null takes it back. */
        owner: z.string().trim().min(1).max(200).nullable().optional(),
        addTags: z.array(TagName).max(20).default([]),
        removeTags: z.array(TagName).max(20).default([]),
      }),
    )
    .output(z.object({ labelled: z.int() })),

  /** Says from when certificates with a tag are due. The tag need not be anywhere yet. */
  setTag: command
    .input(z.object({ name: TagName, duePercent: Tag.shape.duePercent }))
    .output(z.object({ hasChanged: z.boolean() })),
};
