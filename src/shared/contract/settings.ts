import { z } from "zod";
import { query } from "./procedure.ts";

export const settings = {
  /** Where everything is, and whether it is whole. */
  read: query.output(
    z.object({
      version: z.string(),
      databasePath: z.string(),
      sizeBytes: z.int(),
      schema: z.int(),
      isReadOnly: z.boolean(),
      knownHostsFiles: z.array(z.string()),
      targetCount: z.int(),
      pinCount: z.int(),
      eventCount: z.int(),
    }),
  ),
};
