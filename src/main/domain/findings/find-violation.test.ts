import { expect, test } from "vitest";
import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { AT } from "#domain/x509/path/testing/judge.ts";
import { makeChain, makeEcKeys } from "#testing/tls/conforming-chain.ts";
import { isMeantFor, type Signed } from "#testing/tls/sign-certificate.ts";
import { findViolation, markEvaluation } from "./find-violation.ts";

const index = (...certificates: readonly Signed[]) => indexCertificates(certificates.map(({ der }) => der));
const publicRoots = index(makeChain({ root: { keys: makeEcKeys() } }).root);

/** A root for mail alone: below it no client accepts a server's certificate. */
const { leaf, middle, root } = makeChain({
  root: { extensions: { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.4") } },
});

const question = {
  der: leaf.der,
  role: "server",
  isPublic: null,
  hasIssued: false,
  publicRoots,
  roots: publicRoots,
  at: AT,
} as const;
const severityOf = (locations: readonly (readonly Signed[])[], trusted: readonly Signed[] = []) =>
  findViolation({
    ...question,
    locations: locations.map((place) => index(...place)),
    pool: index(middle, root),
    roots: index(...trusted),
    work: createSharedWork(),
  })?.severity ?? null;

test("a root that is neither trusted nor shown beside a certificate decides nothing of it", () => {
  expect(severityOf([[middle]])).toBeNull();
  expect(severityOf([[middle, root]])).toBe("high");
  expect(severityOf([[middle]], [root])).toBe("high");
  expect(severityOf([[]], [root])).toBe("high");
});

test("what is found at one place is found, whatever the others show", () => {
  expect(severityOf([[middle], [middle, root]])).toBe("high");
  expect(severityOf([[middle, root], [], [middle]])).toBe("high");
});

test("the mark is the same in whatever order locations and what they have are told", () => {
  const mark = (above: readonly string[], locations: readonly (readonly string[])[]) =>
    markEvaluation({ role: "server", isPublic: null, hasIssued: false, roots: "", above, locations });
  const first = mark(["a", "b"], [["c", "d"], ["e"]]);
  expect(mark(["b", "a"], [["e"], ["d", "c"], ["e"]])).toBe(first);
  expect(mark(["a", "b"], [["c"], ["d", "e"]])).not.toBe(first);
  expect(mark(["a"], [["b", "c", "d"], ["e"]])).not.toBe(first);
});
