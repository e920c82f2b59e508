import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A chain that breaks one rule, as it was when Go was asked of it. */
export type GoVector = {
  what: string;
  /** Base64 of DER. */
  root: string;
  middle: string;
  leaf: string;
  /** Go's error; empty where it accepts the chain. */
  refusal: string;
};

/** `go`: the version that was asked. How to ask anew is in the folder's README. */
export type GoVectors = { go: string; vectors: GoVector[] };

export const GO_VECTORS = join(import.meta.dirname, "../../domain/x509/path/testdata/go/vectors.json");

export const readGoVectors = (): GoVectors => JSON.parse(readFileSync(GO_VECTORS, "utf8"));
