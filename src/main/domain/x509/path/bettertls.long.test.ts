import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { nameConstraintsCases } from "#testing/corpora/bettertls/name-constraints.ts";
import { BETTERTLS_EXPLANATIONS, pathBuildingCases } from "#testing/corpora/bettertls/path-building.ts";
import { compareCorpus } from "#testing/corpora/chain-corpus.ts";
import { formatCorpusTable, recordCorpus } from "#testing/corpora/corpus-table.ts";

test("every case of BetterTLS is judged as it says, or why not is known", ({ task }) => {
  const cases = [...pathBuildingCases(), ...nameConstraintsCases()];
  const { rows, unexplained } = compareCorpus("BetterTLS", cases, BETTERTLS_EXPLANATIONS, evaluateCase);
  recordCorpus(task, rows);
  process.stdout.write(`${formatCorpusTable(rows)}\n`);
  expect(cases).toHaveLength(9_572);
  expect(unexplained).toEqual([]);
});
