import { expect, test } from "vitest";
import { indexCertificates } from "#domain/x509/path/certificate-index.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signList } from "#testing/tls/sign-revocation.ts";
import { judgeRevocation } from "./judge-revocation.ts";
import { readCrl } from "./read-crl.ts";

const issuer = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer, serial: 7 });
const at = Date.parse("2026-06-10T00:00:00Z");

const judge = (...lists: Buffer[]) =>
  judgeRevocation(leaf.der, {
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
  // As after a hold: what is on the list no more is not revoked.
  const newest = signList({ issuer, from: "20260606000000Z", until });
  expect(judge(older, newer, newest)).toEqual(["good"]);
});

test("a newer list of somebody else's takes nothing from what the issuer's says", () => {
  const until = "20260701000000Z";
  const older = signList({ issuer, from: "20260601000000Z", until, serials: [7] });
  const stranger = signCertificate({ subject: "issuer", extensions: [isAuthority()] });
  expect(judge(older, signList({ issuer: stranger, from: "20260605000000Z", until }))).toEqual(["revoked"]);
});
