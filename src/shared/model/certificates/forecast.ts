import { z } from "zod";
import { Day } from "../access/change.ts";

/** How the load is split. */
export const LoadBy = z.enum(["issuer", "owner", "both"]);
export type LoadBy = z.infer<typeof LoadBy>;

/** What one issuer, one owner, or both together have to do in each week. */
export const LoadSeries = z.object({
  /** Empty: self-issued; null where the load is not split by issuer, or where these are all others. */
  issuer: z.string().nullable(),
  /** Empty: no owner; null as above. */
  owner: z.string().nullable(),
  /** How many certificates it has now. */
  certificates: z.int(),
  counts: z.array(z.int()),
});
export type LoadSeries = z.infer<typeof LoadSeries>;

/** A week that has far more than most, and who has the most of it. */
export const LoadPeak = z.object({
  from: Day,
  count: z.int(),
  /** The series that has the most of it, by its index, and how much. */
  series: z.int(),
  ofIt: z.int(),
});
export type LoadPeak = z.infer<typeof LoadPeak>;

/** How much there is to do week by week. Weeks begin today. */
export const WeeklyLoad = z.object({
  /** The first day of each week. */
  weeks: z.array(Day),
  totals: z.array(z.int()),
  /** The largest first; the last may be all others together. */
  series: z.array(LoadSeries),
  peaks: z.array(LoadPeak),
});
export type WeeklyLoad = z.infer<typeof WeeklyLoad>;

export const Forecast = WeeklyLoad.extend({
  /** How many certificates it is made of: those of end entities that are seen now and have not expired. */
  certificates: z.int(),
  /**
   * Of how many of them it is not known whether a public authority has issued them: their lives are assumed to stay.
   */
  unknownCount: z.int(),
  /** The days within the weeks from which announced limits on lives apply. */
  steps: z.array(z.object({ on: Day, what: z.string() })),
});
export type Forecast = z.infer<typeof Forecast>;

export const Timeline = WeeklyLoad.extend({
  /** How many have expired already, and how many do after the last week. */
  expired: z.int(),
  later: z.int(),
});
export type Timeline = z.infer<typeof Timeline>;
