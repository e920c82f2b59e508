import { z } from "zod";
import { Forecast, LoadBy, Timeline } from "../model/certificates/forecast.ts";
import { query } from "./procedure.ts";

const ForecastQuery = z.object({
  by: LoadBy.default("issuer"),
  /** Only these; empty for what has issued itself, and for nobody's. */
  issuer: z.string().max(300).nullable().default(null),
  owner: z.string().max(200).nullable().default(null),
});

/** The weeks of a timeline, at most ten years of them. */
const MOST_WEEKS = 520;

export const forecast = {
  /** How many certificates will have to be renewed in each week until the end of 2029, as lives are announced to shrink. */
  renewals: query.input(ForecastQuery).output(Forecast),

  /** How many certificates that are seen now expire in each week. */
  timeline: query
    .input(ForecastQuery.extend({ weeks: z.int().min(1).max(MOST_WEEKS).default(52) }))
    .output(Timeline),
};
