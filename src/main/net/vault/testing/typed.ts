import { Redacted } from "#shared/model/secret.ts";

/** The cost of a passphrase in tests. */
export const COST = { N: 2 ** 10, r: 8, p: 1 } as const;

/** A secret as a person types it. */
export const typed = (text: string) => new Redacted<Uint8Array>(Buffer.from(text));
