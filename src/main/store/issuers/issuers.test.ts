import { expect, test } from "vitest";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import { openStore } from "#store/store.ts";

const AT = "2026-06-01T00:00:00Z";
const open = () => openStore({ path: ":memory:", access: "write" });
const AUTHORITY = {
  permitted: ["corp.example"],
  daysValid: 90,
  root: Buffer.from([1]),
  rootSecret: "a",
  intermediate: Buffer.from([2]),
  intermediateSecret: "b",
};
const ONE = {
  serial: "4A01",
  sha256: "a".repeat(64) as Sha256,
  names: ["a.corp.example"],
  issuedAt: AT,
  notAfter: "2026-08-30T00:00:00Z",
};
const ISSUED = { ...ONE, keySha256: "c".repeat(64) };

test("what an authority has signed is found by serial number and by hash, and is revoked once", () => {
  const { issuers } = open();
  const id = issuers.add({ name: "corp", kind: "local", createdAt: AT, note: "" });
  issuers.local.add(id, AUTHORITY);
  expect(issuers.local.find(id)).toEqual(AUTHORITY);
  issuers.local.addIssued(id, ISSUED);
  issuers.local.addIssued(id, { ...ISSUED, serial: "4A02", sha256: "b".repeat(64) as Sha256 });
  expect(issuers.local.findIssued(id, ONE.sha256)).toEqual({ ...ONE, revokedAt: null, reason: null });
  const revocation = { issuer: id, serial: ONE.serial, at: AT, reason: "superseded" };
  expect(issuers.local.revoke(revocation)).toBe(true);
  expect(issuers.local.revoke({ ...revocation, reason: "unspecified" })).toBe(false);
  expect(issuers.local.revoked(id)).toEqual([{ ...ONE, revokedAt: AT, reason: "superseded" }]);
  expect(issuers.local.count(id)).toEqual({ issued: 2, revoked: 1 });
  expect(issuers.local.issued(id, 10).map(({ serial }) => serial)).toEqual(["4A02", "4A01"]);
});

test("each revocation list has another number, and a removed issuer's number is nobody else's", () => {
  const { issuers } = open();
  const id = issuers.add({ name: "corp", kind: "local", createdAt: AT, note: "" });
  issuers.local.add(id, AUTHORITY);
  issuers.local.addIssued(id, ISSUED);
  expect([9, 9, 5].map((seconds) => issuers.local.takeListNumber(id, seconds))).toEqual([9, 10, 11]);
  issuers.remove(id);
  expect(issuers.all()).toEqual([]);
  expect(issuers.add({ name: "corp", kind: "csr", createdAt: AT, note: "by mail" })).toBeGreaterThan(id);
});

test("an account at a directory keeps what it was given", () => {
  const { issuers } = open();
  const id = issuers.add({ name: "le", kind: "acme", createdAt: AT, note: "" });
  const account = {
    directory: "https://ca.example/dir",
    account: null,
    accountSecret: "a",
    accountKey: Buffer.from([3]),
    contacts: ["ops@corp.example"],
    agreesToTerms: true,
    eabKeyId: "k",
    eabSecret: "b",
    profile: null,
    roots: null,
    challenge: { kind: "webroot" as const, path: "/var/www", of: "site" as const },
  };
  issuers.acme.add(id, account);
  issuers.acme.setAccount(id, "https://ca.example/acct/1");
  expect(issuers.acme.find(id)).toEqual({ ...account, account: "https://ca.example/acct/1" });
});
