import { z } from "zod";

/** What a source that was looked into turned out to be. */
export const InspectedKind = z.enum([
  "endpoint",
  "certificates",
  "authorized_keys",
  "known_hosts",
  "public-key",
  "private-key",
  "unknown",
]);
export type InspectedKind = z.infer<typeof InspectedKind>;
