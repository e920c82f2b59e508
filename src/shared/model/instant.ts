import { z } from "zod";

/** An instant in UTC, to the second: 2026-06-01T12:00:00Z. Every date in the program is shown and stored so. */
export const Instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
export type Instant = z.infer<typeof Instant>;

/** Drops the fraction of the second. */
export const toInstant = (date: Date): Instant => `${date.toISOString().slice(0, 19)}Z`;

/** How far a host's date may be after this computer's clock; a later one decides nothing. */
export const MOST_AHEAD_SECONDS = 300;

const DAY_MS = 24 * 60 * 60 * 1000;

export const addDays = (from: Date, days: number): Date => new Date(from.getTime() + days * DAY_MS);

/** Whole days from one instant to another, rounded down: -1 from a moment ago. */
export const countDays = (from: Date, to: Date): number =>
  Math.floor((to.getTime() - from.getTime()) / DAY_MS);

/** The beginning of its minute: what is counted by it serves all who ask in that minute. */
export const toMinute = (date: Date): Date => new Date(Math.floor(date.getTime() / 60_000) * 60_000);
