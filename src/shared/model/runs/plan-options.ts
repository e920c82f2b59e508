/** How a plan is executed: its pace, what it waits for, and for how long it can be undone. */
import { z } from "zod";

/** The pace of a run, whatever it changes. */
export const Pace = z.object({
  canary: z.boolean().default(true),
  /** Hosts at a time after the canary. */
  batchSize: z.int().min(1).max(64).default(8),
  /** Failed hosts after which no other is begun. */
  maxFailures: z.int().min(1).max(10_000).default(1),
  /** How long until the host itself rolls back a change that was not verified. */
  rollbackAfterSeconds: z.int().min(30).max(3_600).default(120),
});

export type Pace = z.infer<typeof Pace>;

/** For how long a finished change of keys can be undone, unless its plan says otherwise; in hours. */
export const UNDO_HOURS = 24;

/** The options of a plan about keys. */
export const KeyOptions = Pace.extend({
  /** Days to watch the logs for uses of the old key before it is removed; 0: it is removed at once. */
  graceDays: z.int().min(0).max(365).default(0),
  /** Hours in which the finished run can be undone: until then it keeps what that needs; 0: it keeps nothing. */
  undoHours: z.int().min(0).max(720).default(0),
});
export type KeyOptions = z.infer<typeof KeyOptions>;

/** In minutes. A server may reload late, and a restart in that time may serve something else. */
export const POST_CHECK_MINUTES = 60;

export const RenewalOptions = Pace.extend({
  /** From when all serve the new certificates until the post-deployment check; 0: there is none. */
  postCheckMinutes: z.int().min(0).max(10_080).default(POST_CHECK_MINUTES),
});
export type RenewalOptions = z.infer<typeof RenewalOptions>;

/** Nothing of a reload is rolled back. */
export const ReloadOptions = Pace.omit({ rollbackAfterSeconds: true });

/** The options of a request before the kind of its plan is known. */
export const PlanOptions = KeyOptions.extend(RenewalOptions.shape);
export type PlanOptions = z.infer<typeof PlanOptions>;
