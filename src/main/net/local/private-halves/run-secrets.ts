import type { Redacted } from "#shared/model/secret.ts";
import type { KeyPair } from "./key-pair.ts";

/** In memory only, and gone with the run. */
export type RunSecrets = {
  pair: KeyPair;
  /** What the new half is locked with wherever the old one was locked; null where it was nowhere. */
  passphrase: Redacted<string> | null;
};
