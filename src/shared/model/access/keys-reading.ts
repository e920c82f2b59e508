import { z } from "zod";

/**
 * Why a key may open an account of which a reading of its host does not know. `file`: one of keys, or a home, that it could not
 * read whole. `settings`: a file of sshd's settings that it could not read, or that sshd has not read since it was changed.
 * `command`: what AuthorizedKeysCommand names gives sshd keys, and is never run by a scan.
 */
export const KeysGap = z.discriminatedUnion("why", [
  z.object({ why: z.literal("cut-short") }),
  z.object({ why: z.literal("not-root") }),
  z.object({ why: z.literal("settings"), path: z.string() }),
  z.object({ why: z.literal("file"), path: z.string() }),
  z.object({ why: z.literal("command"), command: z.string() }),
]);
export type KeysGap = z.infer<typeof KeysGap>;

/** Of all accounts with a number; `gap` is null where every key that opens one of them is known. */
export type KeysReading = { uid: number; gap: KeysGap | null };
