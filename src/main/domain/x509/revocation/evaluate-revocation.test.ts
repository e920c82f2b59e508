import { expect, test } from "vitest";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signList } from "#testing/tls/sign-revocation.ts";
import { evaluateRevocation } from "./evaluate-revocation.ts";
import { readCrl } from "./read-crl.ts";

const issuer = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer, serial: 7 });
const at = Date.parse("2026-06-10T00:00:00Z");

const judge = (...lists: Buffer[]) =>
  evaluateRevocation(leaf.der, {
    pool: indexCertificates([issuer.der]),
    lists: lists.flatMap((each) => readCrl(each) ?? []),
    staples: [],
    at,
  }).map(({ state }) => state);

test("of several lists that are in their time the newest one counts, in whatever order they were given", () => {
  const until = "20260701000000Z";
  const older = signList({ issuer, from: "20260601000000Z", until });
  const newer = signList({ issuer, from: "20260605000000Z", until, serials: [7] });
  expect(judge(older, newer)).toEqual(["revoked"]);
  expect(judge(newer, older)).toEqual(["revoked"]);
  // As after a hold: a certificate that is no longer on the list is not revoked.
  const newest = signList({ issuer, from: "20260606000000Z", until });
  expect(judge(older, newer, newest)).toEqual(["good"]);
});

test("a newer list of somebody else's takes nothing from what the issuer's says", () => {
  const until = "20260701000000Z";
  const older = signList({ issuer, from: "20260601000000Z", until, serials: [7] });
  const stranger = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
  expect(judge(older, signList({ issuer: stranger, from: "20260605000000Z", until }))).toEqual(["revoked"]);
});

test("a list that was altered has not the signature of the one that it was made of, whichever is looked at first", () => {
  const list = signList({ issuer, from: "20260605000000Z", until: "20260701000000Z", serials: [7] });
  for (const day of ["20260604", "20260606"]) {
    const altered = Buffer.from(list);
    altered.write(day, altered.indexOf("20260605"));
    altered[altered.lastIndexOf(Buffer.from([2, 1, 7])) + 2] = 8;
    expect(judge(list, altered)).toEqual(["revoked"]);
    expect(judge(altered, list)).toEqual(["revoked"]);
    expect(judge(altered)).toEqual(["not-checked"]);
  }
});
