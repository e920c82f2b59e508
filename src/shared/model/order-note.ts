import { z } from "zod";

/** What the issuer of a certificate does now, or why there is none. `said`: its words. */
export const OrderNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ordered") }),
  z.object({ kind: z.literal("challenge"), type: z.string(), name: z.string(), said: z.string() }),
  z.object({ kind: z.literal("finalizing") }),
  z.object({ kind: z.literal("waits"), said: z.string() }),
  z.object({ kind: z.literal("refused"), said: z.string() }),
  /** What it sent, or had sent, cannot be used. */
  z.object({ kind: z.literal("faulty"), faults: z.string() }),
]);
export type OrderNote = z.infer<typeof OrderNote>;
