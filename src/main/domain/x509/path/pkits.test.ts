import { expect, test } from "vitest";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { readPkits } from "#testing/tls/read-pkits.ts";
import { indexCertificates } from "./certificate-index.ts";
import { judgeChain } from "./judge-chain.ts";

/**
 * Rows where this program says something else than NIST, each with why. Only sections 4.10 and 4.11, on the mapping of
 * policies, may stand here.
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
  const judgement = judgeChain({
    leaf: ders.at(-1) ?? new Uint8Array(),
    // In the wrong order, and with the root: a path is found by what is signed, not by what stands where.
    pool: indexCertificates(ders.slice(0, -1)),
    roots: indexCertificates(ders.slice(0, 1)),
    wish: { at: AT, purpose: null, name: null, policy, mostIntermediates: null },
    profile: "clients",
    revocationLists: crls.map(fileOf).flatMap((der) => readCrl(der) ?? []),
  });
  const isSame = (judgement.state === "valid") === isValid;
  expect({ isSame, reasons: isSame ? [] : judgement.reasons }).toEqual({
    isSame: !(name in DIFFERENT),
    reasons: [],
  });
});
