import { z } from "zod";
import { Instant } from "../instant.ts";

/** What /etc/shadow says of the age of a password, and of when its account expires. Days count from midnight UTC. */
export const PasswordAge = z.object({
  /** When it was last set; null: that is not said, so that it has no age. */
  changedAt: Instant.nullable(),
  /** It has to be changed at the next login. */
  mustChange: z.boolean(),
  /** So many days have to be between two changes, so old may it become, and so many days before that is a warning. */
  leastDays: z.int().nullable(),
  mostDays: z.int().nullable(),
  warningDays: z.int().nullable(),
  /** So many days after that it may still be changed at a login; null: however many. */
  graceDays: z.int().nullable(),
  /** From then on it has to be changed at a login; null: never. */
  tooOldAt: Instant.nullable(),
  /** From then on PAM refuses the account, for its keys too; null: never. */
  refusedAt: Instant.nullable(),
  /** From then on nobody logs in to the account; null: never. */
  accountExpiresAt: Instant.nullable(),
});
export type PasswordAge = z.infer<typeof PasswordAge>;
