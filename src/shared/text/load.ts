import type { LoadPeak, LoadSeries } from "../model/forecast.ts";
import { sayNumber } from "./count.ts";
import { printable } from "./printable.ts";

/** Whose load it is: an issuer, an owner or both. What strangers wrote of it is not encoded yet. */
export function saySeries({ issuer, owner }: Pick<LoadSeries, "issuer" | "owner">): string {
  const parts = [
    ...(issuer === null ? [] : [issuer === "" ? "self-issued" : issuer]),
    ...(owner === null ? [] : [owner === "" ? "nobody's" : owner]),
  ];
  return parts.length === 0 ? "all others" : parts.join(" · ");
}

/** A week that has far more than most, for a terminal. */
export function sayPeak(
  { from, count, series, ofIt }: LoadPeak,
  all: readonly LoadSeries[],
  what: string,
): string {
  const first = all[series];
  const whose = first && ofIt > 0 ? `, ${sayNumber(ofIt)} of ${printable(saySeries(first))}` : "";
  return `peak: the week from ${from} has ${sayNumber(count)} ${what}${whose}`;
}
