import { z } from "zod";
import { query } from "./procedure.ts";

export const activity = {
  /** Follows the chain of events from its start. `brokenAt` is the first that was tampered with. */
  verify: query.output(z.object({ eventCount: z.int(), brokenAt: z.int().nullable() })),
};
