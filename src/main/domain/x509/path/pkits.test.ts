import { expect, test } from "vitest";
import { evaluateCase } from "#domain/x509/path/testing/judge.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { type CorpusCase, compareCorpus, type Explanations } from "#testing/corpora/chain-corpus.ts";
import { recordCorpus } from "#testing/corpora/corpus-table.ts";
import { readPkits } from "#testing/tls/read-vectors.ts";
import { evaluateChain } from "./evaluate-chain.ts";
import { indexCertificates } from "./path-certificate.ts";

/**
 * Rows where this program differs from NIST, each with the reason. Only sections 4.10 and 4.11, on the mapping of
 * policies, may be listed here.
 */
const DIFFERENT: Record<string, string> = {};

const { rows, fileOf } = readPkits();
const AT = Date.parse("2026-06-01T00:00:00Z");

test("the whole suite is there", () => {
  expect(rows).toHaveLength(249);
  expect(Object.keys(DIFFERENT).filter((name) => !/^4\.1[01]\./.test(name))).toEqual([]);
});

test.each(rows)("$name", ({ name, certificates, crls, isValid, ...policy }) => {
  const ders = certificates.map(fileOf);
  const evaluation = evaluateChain({
    leaf: ders.at(-1) ?? new Uint8Array(),
    // In reverse order, and with the root: paths are found by signatures, not by order.
    pool: indexCertificates(ders.slice(0, -1)),
    roots: indexCertificates(ders.slice(0, 1)),
    options: { at: AT, purpose: null, name: null, policy, mostIntermediates: null },
    profile: "clients",
    revocationLists: crls.map(fileOf).flatMap((der) => readCrl(der) ?? []),
  });
  const isSame = (evaluation.state === "valid") === isValid;
  expect({ isSame, reasons: isSame ? [] : evaluation.reasons }).toEqual({
    isSame: !(name in DIFFERENT),
    reasons: [],
  });
});

/** NIST tests path validation alone: its certificates are older than these rules, or belong to no servers. */
const EXPLANATIONS: Explanations = {
  cases: [],
  rules: [
    "RFC 5280, 4.2.1.9",
    "RFC 5280, 4.2.1.11",
    "RFC 8446, 4.4.2.4",
    "BR 7.1.2.7.6",
    "BR 7.1.2.7.8",
    "BR 7.1.2.7.12",
    "BR 7.1.3.1",
    "BR 7.1.3.2",
    "BR 7.1.4.3",
  ],
};

test("by every profile NIST's suite is judged as NIST says, but for rules that it does not ask for", ({
  task,
}) => {
  const cases = rows.map(({ name, certificates, crls, isValid, ...policy }): CorpusCase => {
    const ders = certificates.map(fileOf);
    return {
      id: name,
      leaf: ders.at(-1) ?? new Uint8Array(),
      pool: ders.slice(0, -1),
      roots: ders.slice(0, 1),
      at: AT,
      purpose: null,
      name: null,
      policy,
      lists: crls.map(fileOf),
      isAccepted: isValid,
    };
  });
  const compared = compareCorpus("PKITS", cases, EXPLANATIONS, evaluateCase);
  recordCorpus(task, compared.rows);
  expect(compared.unexplained).toEqual([]);
});
