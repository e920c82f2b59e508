import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { nameConstraintsCases } from "#testing/corpora/bettertls/name-constraints.ts";
import { BETTERTLS_EXPLANATIONS, pathBuildingCases } from "#testing/corpora/bettertls/path-building.ts";
import { compareCorpus } from "#testing/corpora/chain-corpus.ts";
import { recordCorpus } from "#testing/corpora/corpus-table.ts";

/** Only every 23rd case of name constraints: bettertls.long.test.ts runs them all. */
const EVERY = 23;

test("BetterTLS's paths, and one in 23 of its name constraints, are judged as it says, or why not is known", ({
  task,
}) => {
  const paths = [...pathBuildingCases()];
  const cases = [...paths, ...[...nameConstraintsCases()].filter((_, at) => at % EVERY === 0)];
  const { rows, unexplained } = compareCorpus(
    "BetterTLS, in part",
    cases,
    BETTERTLS_EXPLANATIONS,
    evaluateCase,
  );
  recordCorpus(task, rows);
  expect(paths).toHaveLength(81);
  expect(unexplained).toEqual([]);
});
