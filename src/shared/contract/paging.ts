import { z } from "zod";
import { Total } from "../model/total.ts";

/** A page of a list. `after` is the `next` of the page before it; null asks for the first. */
export const Page = z.object({
  after: z.string().max(2_000).nullable().default(null),
  limit: z.int().min(1).max(1_000).default(100),
});

/** What was typed into a list's filter: every word must stand somewhere in the row. */
export const Search = z.string().max(200).default("");

export const sortedBy = <const Columns extends readonly [string, ...string[]]>(columns: Columns) =>
  z.object({ by: z.enum(columns), descending: z.boolean().default(false) });

/** Rows of one page, how many rows match in all, and where the next page begins (null after the last). */
export const listOf = <Row extends z.ZodType>(row: Row) =>
  z.object({ rows: z.array(row), total: Total, next: z.string().nullable() });
