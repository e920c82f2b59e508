import { expect, test } from "vitest";
import type { FindingDraft } from "#shared/model/finding.ts";
import { openStore } from "#store/store.ts";
import { listFindings, readAll } from "#store/testing/ask.ts";
import {
  beginScan,
  fingerprintOf,
  makeCertificate,
  makeGrant,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

test("of a word that very many findings have only some are counted, and all are listed", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const grants = Array.from({ length: 1_200 }, (_, index) => makeGrant(`key ${index}`, { line: index + 1 }));
  const findings = grants.map((_, index) => weak(index + 1, index === 1_100 ? "needle" : "hay"));
  visitHost(store, "web1", { collected: { grants }, findings });
  const search = (word: string) => listFindings(store, { search: word });
  expect(search("hay").total).toEqual({ moreThan: 999 });
  expect(readAll((page) => listFindings(store, { search: "hay", ...page }), 100)).toHaveLength(1_199);
  expect(search("needle")).toMatchObject({ total: 1, rows: [{ label: "needle" }] });
  expect(search("needle hay").total).toBe(0);
});

test("findings are found by what lists find the thing by that they are about", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const chain = [makeCertificate("shop", { notAfter: "2026-05-01T00:00:00Z" })];
  visitEndpoint(store, "shop.example", { presented: { chain } });
  for (const host of ["web1", "web2"]) visitHost(store, host, { collected: { grants: [makeGrant("ann")] } });
  const rules = (search: string) => listFindings(store, { search }).rows.map(({ rule }) => rule);
  expect(rules("shop.ex expired")).toEqual(["certificate-expired"]);
  expect(rules(chain[0]?.certificate.sha256.slice(0, 12) ?? "")).toEqual(["certificate-expired"]);
  expect(rules(fingerprintOf("ann").slice(0, 16))).toEqual(["key-on-several-accounts"]);
  expect(rules("several ann")).toEqual([]);
});

test("of certificates that very many others share a word with, those that are due are found, in every order", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const scanId = beginScan(store);
  for (let index = 0; index < 1_100; index++) {
    const notAfter = index % 100 === 7 ? "2026-05-01T00:00:00Z" : "2027-01-01T00:00:00Z";
    const chain = [makeCertificate(`hay${index}`, { notAfter })];
    visitEndpoint(store, `host${index}`, { scanId, presented: { chain } });
  }
  const due = Array.from({ length: 11 }, (_, index) => `CN=hay${index * 100 + 7}`);
  for (const by of ["severity", "rule", "host", "label", "firstSeen"] as const) {
    const asked = { search: "hay", sort: { by, descending: by === "host" } };
    const found = readAll((page) => listFindings(store, { ...asked, ...page }), 3);
    expect(found.map(({ label }) => label).toSorted()).toEqual(due.toSorted());
    expect(listFindings(store, asked).total).toBe(11);
  }
});

const weak = (line: number, label: string): FindingDraft => ({
  rule: "key-weak",
  severity: "high",
  label,
  sentence: "it is short",
  evidence: [],
  remedy: "replace it",
  about: { kind: "grant", account: "root", file: "/root/.ssh/authorized_keys", line },
});
