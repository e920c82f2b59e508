import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listCertificates, listGrants } from "#store/testing/ask.ts";
import { makeCertificate, makeGrant, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { issuerFilter } from "./issuer-filter.ts";

const LONG = `CN=${"x".repeat(130)} the end`;
const ISSUERS = ["CN=Corp CA,O=Corp", "CN=corp ca 2", "CN=Other", "CN=100% sure", "CN=100 sure", LONG];

describe("certificates by their issuer and by the kind of their key", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const [index, issuer] of ISSUERS.entries()) {
    const keyType = index % 2 === 0 ? "RSA" : "EC";
    visitEndpoint(store, `web${index}`, {
      presented: { chain: [makeCertificate(`cert ${index}`, { issuer, keyType })] },
    });
  }
  const issuersOf = (issuer: string, more = {}) =>
    listCertificates(store, { issuer, ...more }).rows.map((row) => row.issuer);

  test.each([
    ["Corp CA", ["CN=Corp CA,O=Corp", "CN=corp ca 2"]],
    ["100%", ["CN=100% sure"]],
    ["the end", [LONG]],
    ["nobody", []],
  ])("%s is in the names of %j", (text, expected) => {
    expect(issuersOf(text).toSorted()).toEqual(expected.toSorted());
    expect(listCertificates(store, { issuer: text }).total).toBe(expected.length);
  });

  test("together with words, other filters and another order", () => {
    expect(issuersOf("ca", { keyType: "EC" })).toEqual(["CN=corp ca 2"]);
    expect(issuersOf("ca", { search: "web0" })).toEqual(["CN=Corp CA,O=Corp"]);
    expect(issuersOf("ca", { sort: { by: "issuer", descending: true } })).toEqual([
      "CN=corp ca 2",
      "CN=Corp CA,O=Corp",
    ]);
    expect(listCertificates(store, { keyType: "RSA" }).total).toBe(3);
  });

  test("a new issuer is found at once", () => {
    visitEndpoint(store, "new", {
      presented: { chain: [makeCertificate("new", { issuer: "CN=Brand new" })] },
    });
    expect(issuersOf("brand")).toEqual(["CN=Brand new"]);
  });
});

test("where there are too many issuers to compare, each certificate is", () => {
  const db = new Sqlite(":memory:");
  db.exec("CREATE TABLE certificate (id INTEGER PRIMARY KEY, issuer TEXT, is_seen INTEGER)");
  const add = db.prepare("INSERT INTO certificate (issuer, is_seen) VALUES (?, 1)");
  for (const issuer of ISSUERS) add.run(issuer);
  const conditions = (most: number) => issuerFilter(db, { keep: (_, read) => read() }, { most })("corp ca");
  for (const most of [2, ISSUERS.length]) {
    const parts = conditions(most);
    const rows = db.prepare(
      `SELECT issuer FROM certificate WHERE ${parts.map(({ sql }) => sql).join(" AND ")} ORDER BY id`,
    );
    expect(rows.pluck().all(...parts.flatMap(({ values }) => values))).toEqual([
      "CN=Corp CA,O=Corp",
      "CN=corp ca 2",
    ]);
  }
  db.close();
});

test("grants are found by the kind of their key", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const grants = ["ssh-rsa", "ssh-ed25519", "ssh-rsa"].map((keyType, line) =>
    makeGrant(`key ${line}`, { keyType, line }),
  );
  visitHost(store, "web1", { collected: { grants } });
  const { rows, total } = listGrants(store, { keyType: "ssh-rsa", search: "web1" });
  expect(rows.map(({ line }) => line)).toEqual([0, 2]);
  expect(total).toBe(2);
  expect(listGrants(store, { keyType: "ssh-dss" }).total).toBe(0);
  store.close();
});
