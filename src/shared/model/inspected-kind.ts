import { z } from "zod";

/** What a source that was looked into turned out to be. */
export const InspectedKind = z.enum([
  "endpoint",
  "certificates",
  "keystore",
  "kubeconfig",
  "kubernetes-secret",
  "authorized_keys",
  "known_hosts",
  "public-key",
  "private-key",
  /** Known for what it is, and without a key or a certificate to show: a request, a revocation list, ... */
  "other",
  "unknown",
]);
export type InspectedKind = z.infer<typeof InspectedKind>;
