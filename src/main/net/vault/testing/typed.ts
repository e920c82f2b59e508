import { Redacted } from "#shared/model/secret.ts";

/** What a passphrase costs in tests. */
export const COST = { N: 2 ** 10, r: 8, p: 1 } as const;

/** What somebody has typed. */
export const typed = (text: string) => new Redacted<Uint8Array>(Buffer.from(text));
