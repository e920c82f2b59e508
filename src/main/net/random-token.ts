import { randomBytes } from "node:crypto";

/** Names what a run makes on hosts, and nobody can guess it. Letters and digits only. */
export const randomToken = (): string => randomBytes(12).toString("hex");
