import { z } from "zod";
import { HostName, Port } from "../hosts/target.ts";

/** An account that still lets a key in, though a plan or its run should take that away or restrict it. */
export const RemainingAccess = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  /** False: an earlier scan has seen its line, and nothing just now has shown that it still lets in. */
  isCertain: z.boolean(),
});
export type RemainingAccess = z.infer<typeof RemainingAccess>;
