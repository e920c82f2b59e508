import type { LoadPeak, LoadSeries } from "../../model/certificates/forecast.ts";
import { formatNumber } from "../count.ts";

/** Whose load it is: an issuer, an owner or both. What strangers wrote of it is not encoded yet. */
export function formatSeries({ issuer, owner }: LoadSeries): string {
  const parts = [
    ...(issuer === null ? [] : [issuer === "" ? "self-issued" : issuer]),
    ...(owner === null ? [] : [owner === "" ? "nobody's" : owner]),
  ];
  return parts.length === 0 ? "all others" : parts.join(" · ");
}

/** Who has the most of a peak, and how much, behind a comma; empty where nobody stands out. */
export function formatMost({ count, series, ofIt }: LoadPeak, all: readonly LoadSeries[]): string {
  const first = all[series];
  if (!first || ofIt === 0) return "";
  return `, ${ofIt === count ? "all" : formatNumber(ofIt)} of ${formatSeries(first)}`;
}
