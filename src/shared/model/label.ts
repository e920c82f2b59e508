import { z } from "zod";

/** What the user calls hosts, accounts and certificates, such as `production`. Lower case; it begins with a letter or a digit. */
export const TagName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]*$/);
export type TagName = z.infer<typeof TagName>;

export const Tag = z.object({
  name: TagName,
  /** How much of its life is left when a certificate with this tag is due; null leaves it as it is for all. */
  duePercent: z.int().min(1).max(99).nullable(),
  hostCount: z.int(),
  certificateCount: z.int(),
  accountCount: z.int(),
});
export type Tag = z.infer<typeof Tag>;

/** What labels are put on: a host by the name that the user gave it, an account of one, or a certificate. */
export const Labelled = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("host"), host: z.string().max(1_000) }),
  z.object({
    kind: z.literal("account"),
    host: z.string().max(1_000),
    port: z.int(),
    name: z.string().max(1_000),
  }),
  z.object({ kind: z.literal("certificate"), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
]);
export type Labelled = z.infer<typeof Labelled>;

export const Labels = z.object({
  /** Who answers for it, as the user set it; null where nobody is named. */
  owner: z.string().nullable(),
  /**
   * Of a certificate who answers for all hosts where it is seen, of an account who answers for its host; empty for nobody, or
   * for several.
   */
  inheritedOwner: z.string(),
  tags: z.array(TagName),
});
export type Labels = z.infer<typeof Labels>;
