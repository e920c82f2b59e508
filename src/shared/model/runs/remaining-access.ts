import { z } from "zod";
import { HostName, Port } from "../hosts/target.ts";

/** An account that a key goes on to get in to, though a plan or its run is about taking it away or tightening it. */
export const RemainingAccess = z.object({
  host: HostName,
  port: Port,
  account: z.string(),
  fingerprint: z.string(),
  /** False: it was not seen just now that its line is there and lets in; an earlier scan has seen it. */
  isCertain: z.boolean(),
});
export type RemainingAccess = z.infer<typeof RemainingAccess>;
