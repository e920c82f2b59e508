import { z } from "zod";

/** The kind of an inspected source. */
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
  /** A known kind without a key or a certificate to show: a request, a revocation list, ... */
  "other",
  "unknown",
]);
export type InspectedKind = z.infer<typeof InspectedKind>;

/** Files that hold keys and certificates under names, or several certificates at once. */
export const StoreFormat = z.enum(["PKCS#12", "PKCS#7", "JKS", "JCEKS", "BKS", "UBER", "BCFKS"]);
export type StoreFormat = z.infer<typeof StoreFormat>;

/** How much of a store could be read. `partly-locked`: its certificates, say, but none of its keys. */
export const StoreState = z.enum(["open", "partly-locked", "locked"]);
export type StoreState = z.infer<typeof StoreState>;

/** Whether its own checksum shows that it is unchanged. `none`: a format without one, or a file that has none. */
export const StoreIntegrity = z.enum(["checked", "not-checked", "none"]);
export type StoreIntegrity = z.infer<typeof StoreIntegrity>;

export const StoreEntryKind = z.enum(["key", "certificate", "secret", "crl", "other"]);
export type StoreEntryKind = z.infer<typeof StoreEntryKind>;
