import { randomBytes } from "node:crypto";

/** Names what a run makes on hosts, and nobody can guess it. Letters and digits only. */
export const randomToken = (): string => randomBytes(12).toString("hex");

/** As long as a SHA-256, for what nobody may ever have twice. Letters and digits only. */
export const randomNonce = (): string => randomBytes(32).toString("hex");
