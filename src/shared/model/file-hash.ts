import { z } from "zod";

/** SHA-256 of a file's bytes, lower-case hex. */
export const FileHash = z.string().regex(/^[0-9a-f]{64}$/);
export type FileHash = z.infer<typeof FileHash>;
