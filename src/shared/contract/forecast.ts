import { z } from "zod";
import { Forecast, LoadBy, Timeline } from "../model/certificates/forecast.ts";
import { query } from "./procedure.ts";

const ForecastQuery = z.object({
  by: LoadBy.default("issuer"),
  /** Only this issuer or owner; empty: self-issued certificates, or those without an owner. */
  issuer: z.string().max(300).nullable().default(null),
  owner: z.string().max(200).nullable().default(null),
});

/** The most weeks of a timeline: ten years. */
const MOST_WEEKS = 520;

export const forecast = {
  /**
   * How many certificates will have to be renewed in each week until the end of 2029, given the shorter lives that are
   * announced.
   */
  renewals: query.input(ForecastQuery).output(Forecast),

  /** How many certificates that are seen now expire in each week. */
  timeline: query
    .input(ForecastQuery.extend({ weeks: z.int().min(1).max(MOST_WEEKS).default(52) }))
    .output(Timeline),
};
