import { z } from "zod";

/** Files that hold keys and certificates under names, or several certificates at once. */
export const StoreFormat = z.enum(["PKCS#12", "PKCS#7", "JKS", "JCEKS", "BKS", "UBER", "BCFKS"]);
export type StoreFormat = z.infer<typeof StoreFormat>;

/** How much of a store could be read. `partly-locked`: its certificates, say, but none of its keys. */
export const StoreState = z.enum(["open", "partly-locked", "locked"]);
export type StoreState = z.infer<typeof StoreState>;

/** Whether its own checksum says that it is whole. `none`: a format without one, or a file that carries none. */
export const StoreIntegrity = z.enum(["checked", "not-checked", "none"]);
export type StoreIntegrity = z.infer<typeof StoreIntegrity>;

export const StoreEntryKind = z.enum(["key", "certificate", "secret", "crl", "other"]);
export type StoreEntryKind = z.infer<typeof StoreEntryKind>;
