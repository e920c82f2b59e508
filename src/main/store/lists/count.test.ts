import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Total } from "#shared/model/total.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  listAccounts,
  listCertificates,
  listChanges,
  listFindings,
  listGrants,
  listHosts,
  listLinks,
  readAll,
} from "#store/testing/ask.ts";
import {
  makeAccount,
  makeCertificate,
  makeGrant,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-count-"));
const path = join(folder, "latchkey.db");
fill();
const whole = openStore({ path, access: "read", mostCounted: 1_000 });
const stores = [0, 1, 2, 3, 5, 8].map((most) => ({
  most,
  store: openStore({ path, access: "read", mostCounted: most }),
}));
afterAll(async () => {
  for (const { close } of [whole, ...stores.map(({ store }) => store)]) close();
  await rm(folder, { recursive: true });
});

type Asked = { search: string; after: string | null; limit: number };
type Listed = { rows: object[]; total: Total; next: string | null };

const LISTS: Record<string, (store: Store, asked: Asked) => Listed> = {
  certificates: listCertificates,
  "certificates by subject": (store, asked) =>
    listCertificates(store, { ...asked, sort: { by: "subject", descending: true } }),
  "authorities in files": (store, asked) =>
    listCertificates(store, { ...asked, role: "authority", location: "file" }),
  "leaves at endpoints": (store, asked) =>
    listCertificates(store, { ...asked, role: "leaf", location: "endpoint" }),
  grants: listGrants,
  "grants by comment": (store, asked) =>
    listGrants(store, { ...asked, sort: { by: "comment", descending: false } }),
  "grants that are refused": (store, asked) => listGrants(store, { ...asked, effective: "no" }),
  "grants on one host": (store, asked) => listGrants(store, { ...asked, host: "web1" }),
  accounts: listAccounts,
  "accounts by name": (store, asked) =>
    listAccounts(store, { ...asked, sort: { by: "name", descending: true } }),
  "accounts of a kind": (store, asked) => listAccounts(store, { ...asked, kind: "person" }),
  hosts: listHosts,
  findings: listFindings,
  steps: listLinks,
  changes: (store, asked) => listChanges(store, { ...asked, from: 0, to: 30 }),
  served: (store, asked) =>
    store.bindings.list({
      ...asked,
      state: null,
      host: null,
      sha256: null,
      sort: { by: "state", descending: false },
    }),
};

const word = fc.constantFrom(
  "a",
  "B",
  "7",
  "lap",
  "laptop",
  "ann",
  "corp",
  "name",
  "web1",
  "sho",
  "é",
  "SHA256:",
  "zz",
  ".",
  "%",
);

test("a count is exact, or says truly that there are more; the rows and pages are the same, wherever it stops", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(LISTS)),
      fc.array(word, { maxLength: 3 }),
      fc.constantFrom(...stores),
      fc.integer({ min: 1, max: 4 }),
      (name, words, { most, store }, limit) => {
        const list = LISTS[name] ?? listGrants;
        const search = words.join(" ");
        const all = list(whole, { search, after: null, limit: 1_000 });
        expect(all.total).toBe(all.rows.length);
        const { total } = list(store, { search, after: null, limit });
        if (typeof total === "number") expect(total).toBe(all.rows.length);
        else expect(total.moreThan).toBeLessThan(all.rows.length);
        expect(typeof total === "number" || total.moreThan >= most).toBe(true);
        const rows = readAll((page) => list(store, { search, ...page, limit }), limit);
        expect(rows).toEqual(all.rows);
      },
    ),
    { numRuns: 150 },
  );
});

test("what many rows have is not counted to its end", () => {
  const [one] = stores.filter(({ most }) => most === 1);
  for (const list of [listGrants, listHosts])
    expect(one && list(one.store, { search: "w" }).total).toEqual({ moreThan: 1 });
});

test("a certificate that is in many places is found once, and so counted", () => {
  for (const { most, store } of stores)
    for (const search of ["edge", "dg"])
      expect(listCertificates(store, { search }).total).toEqual(most === 0 ? { moreThan: 0 } : 1);
});

test("a letter with more pieces than the index is asked for finds no more than there are", () => {
  for (const { most, store } of stores)
    if (most >= 2) expect(listCertificates(store, { search: "q" }).total).toBe(2);
});

function fill(): void {
  const into = openStore({ path, access: "write" });
  for (let index = 0; index < 12; index++) {
    const chain = [
      makeCertificate(`name${index}.corp`, { warnFrom: "2026-05-01T00:00:00Z" }),
      makeCertificate(`ann${index % 2}`, { isCa: true }),
      ...Array.from({ length: index % 2 === 0 ? 1 : 0 }, () => makeCertificate("shared")),
    ];
    visitEndpoint(into, `shop${index}`, { presented: { chain } });
    const grants = ["laptop", "Ann é", `user7${index}`].map((comment, line) =>
      makeGrant(`key ${(index * line) % 7}`, {
        comment,
        line,
        verdict: makeVerdict(line === 1 ? "no" : "yes"),
      }),
    );
    const accounts = ["ann", "Bob é", `app${index}`].map((name, number) =>
      makeAccount(name, { uid: number, kind: number === 2 ? "service" : "person" }),
    );
    visitHost(into, `web${index}`, { collected: { accounts, grants: grants.slice(index % 2) } });
  }
  const many = Array.from({ length: 400 }, (_, index) => `q${index.toString(36)}`);
  for (let index = 0; index < 40; index++)
    visitEndpoint(into, `edge${index}`, { presented: { chain: [makeCertificate("same.corp")] } });
  const chain = [makeCertificate(many.join(" ")), makeCertificate(many.toReversed().join(" "))];
  for (const host of ["q1", "q2", "q3"]) visitEndpoint(into, host, { presented: { chain } });
  into.close();
}
