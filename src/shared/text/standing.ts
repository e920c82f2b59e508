import type { Instant } from "../model/instant.ts";
import { formatCount } from "./count.ts";

/** How many people of a roster are gone. */
export const formatLeft = (count: number): string => formatCount(count, "has left", "have left");

/** The entry of a roster that decides whether a person is still there. */
export type PeopleSourceEntry = {
  name: string;
  roster: string;
  said: "active" | "gone" | "nothing";
  /** A day, as the roster writes it: 2026-03-31. */
  leftOn: string | null;
  isMissing: boolean;
  readAt: Instant;
};

/** Why a person counts as gone or as still there, as a sentence about `name`. */
export function formatStanding(standing: "known" | "gone", entry: PeopleSourceEntry): string {
  const { name, roster, said, leftOn, isMissing } = entry;
  if (standing === "known") {
    const leaves = leftOn === null || said === "gone" ? "" : ` and leaves on ${leftOn}`;
    return said === "active"
      ? `${name} is there${leaves}, according to ${roster}`
      : `${name} is in ${roster}${leaves}`;
  }
  if (leftOn !== null) return `${name} left on ${leftOn}, according to ${roster}`;
  if (said === "gone") return `${name} has left, according to ${roster}`;
  return isMissing
    ? `${name} is no longer in ${roster}, which is marked complete`
    : `${name} has left, according to ${roster}`;
}
