import { z } from "zod";

const Density = z.enum(["compact", "comfortable"]);
export type Density = z.infer<typeof Density>;

/** A column is narrowed to no less and widened to no more, in pixels. */
export const COLUMN_WIDTH = { least: 48, most: 1_200 };

const Width = z.number().min(COLUMN_WIDTH.least).max(COLUMN_WIDTH.most);
const Ids = z.array(z.string().max(60)).max(60);

/** How somebody has arranged the columns of a list, by their ids; what is not named is as the list has it. */
const Arrangement = z.object({
  hidden: Ids.default([]),
  /** The columns that were moved, with those before them. */
  order: Ids.default([]),
  widths: z.record(z.string().max(60), Width).default({}),
});
export type Arrangement = z.infer<typeof Arrangement>;

/** A view of a list under a name: what its address holds, and its columns. */
const SavedView = z.object({
  name: z.string().min(1).max(60),
  address: z.record(z.string().max(60), z.union([z.string().max(2_000), z.number(), z.boolean()])),
  columns: Arrangement,
});
export type SavedView = z.infer<typeof SavedView>;

/** At most so many views of one list are kept. */
export const MOST_VIEWS = 50;

/** How a person likes the lists: for all of them, and for each by its name. */
export const ListPreferences = z.object({
  density: Density.catch("comfortable"),
  lists: z
    .record(z.string(), z.object({ columns: Arrangement, views: z.array(SavedView).max(MOST_VIEWS) }))
    .catch({}),
});
export type ListPreferences = z.infer<typeof ListPreferences>;

export const AS_IT_IS: Arrangement = { hidden: [], order: [], widths: {} };
