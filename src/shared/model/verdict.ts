import { z } from "zod";

/** What was read to reach a verdict and what could not be, in words: shown beside every verdict. */
export const Coverage = z.object({ read: z.array(z.string()), notRead: z.array(z.string()) });
export type Coverage = z.infer<typeof Coverage>;

/** Would sshd accept this line for this account now, from at least one address? */
export const Effective = z.object({
  state: z.enum(["yes", "no", "unknown"]),
  /** Sentences; for `no` and `unknown` the first names what decides or what was not read. */
  reasons: z.array(z.string()),
  coverage: Coverage,
  /** What binds it to addresses (`from=`, `user@host` patterns). It is not a `no`. */
  onlyFrom: z.array(z.string()),
});
export type Effective = z.infer<typeof Effective>;

export const Owner = z.object({
  state: z.enum(["known", "gone", "unknown"]),
  reasons: z.array(z.string()),
  coverage: Coverage,
});
export type Owner = z.infer<typeof Owner>;

export const Use = z.object({
  state: z.enum(["used", "unused", "unknown"]),
  reasons: z.array(z.string()),
  coverage: Coverage,
});
export type Use = z.infer<typeof Use>;

export const Verdict = z.object({ effective: Effective, owner: Owner, use: Use });
export type Verdict = z.infer<typeof Verdict>;
