import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { der, oid, sequence } from "#testing/tls/build-certificate.ts";
import { makeEcKeys } from "#testing/tls/conforming-chain.ts";
import { isAuthority, type Signed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { createBudget, createSharedWork, LIMITS, MOST_SIGNATURES_KEPT } from "./build-paths.ts";
import { openCertificate, type PathCertificate } from "./path-certificate.ts";

const opened = ({ der: bytes }: Pick<Signed, "der">): PathCertificate => {
  const certificate = openCertificate(bytes);
  if (!certificate) throw new Error("it cannot be read");
  return certificate;
};

/** A DSA key with numbers of this many bits, which has signed nothing: only the cost of finding that out matters. */
function dsaOf(bits: number): Buffer {
  const number = (size: number, last: number) =>
    der(0x02, [0, 0x80, ...Array<number>(size / 8 - 2).fill(0x5b), last]);
  const parameters = sequence(number(bits, 0x0b), number(256, 0x0b), number(bits, 0x02));
  const id = sequence(oid("1.2.840.10040.4.1"), parameters);
  return sequence(id, der(0x03, [0], number(bits, 0x03)));
}

/** Signed by a key of DSA, as the algorithm says, too. */
function makeSignedByDsa(): PathCertificate {
  const { privateKey } = generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 });
  return opened(signCertificate({ subject: "x", keys: { privateKey, spki: makeEcKeys().spki } }));
}

const byDsa = makeSignedByDsa();

test("a signature costs as many steps as its key is heavy, and one that is known costs none", () => {
  const stepsFor = (certificate: PathCertificate, spki: Uint8Array): number => {
    const work = createSharedWork();
    const budget = createBudget(work);
    budget.verifyCertificate(certificate, spki);
    const { steps } = work;
    budget.verifyCertificate(certificate, Uint8Array.from(spki));
    expect(work.steps).toBe(steps);
    return steps;
  };
  const light = signCertificate({ subject: "light", keys: makeEcKeys() });
  expect(stepsFor(opened(light), light.spki)).toBeLessThan(10);
  expect(stepsFor(byDsa, dsaOf(10_000))).toBeGreaterThan(100);
});

test("a evaluation ends where its signatures have cost too much, however few they are", () => {
  const work = createSharedWork();
  const budget = createBudget(work);
  const spki = dsaOf(10_000);
  let count = 0;
  while (!budget.isSpent()) budget.verify(String(count++), byDsa.signed, spki);
  expect(count).toBeLessThan(LIMITS.signatures / 4);
  expect(work.steps).toBeLessThan(2 * LIMITS.signatureSteps);
});

test("of signatures no more is kept than hashes, and no more than so many", () => {
  const work = createSharedWork();
  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  const { signed } = opened(root);
  const fat = Buffer.concat([root.spki, Buffer.alloc(100_000)]);
  createBudget(work).verify(root.sha256, signed, fat);
  expect([...work.signatures.keys()].join("").length).toBeLessThan(200);
  for (let at = 0; at < MOST_SIGNATURES_KEPT; at++) work.signatures.set(`${at}`, "valid");
  createBudget(work).verify("one more", signed, root.spki);
  expect(work.signatures.size).toBeLessThanOrEqual(MOST_SIGNATURES_KEPT + 1);
});
