import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import { certificateCases } from "./certificate-cases.ts";
import { nameConstraintsCases } from "./name-constraints-cases.ts";
import { pathCases } from "./path-cases.ts";
import { webpkiCases } from "./webpki-cases.ts";

/**
 * The cases of C2SP's x509-limbo, which pyca keeps for the verification of paths: each is issued anew, of the content that its id
 * and its description ask for, and is judged as x509-limbo expects. BetterTLS, which it contains, stands by itself.
 */
export function* limboCases(): Generator<CorpusCase> {
  yield* pathCases();
  yield* certificateCases();
  yield* nameConstraintsCases();
  yield* webpkiCases();
}
