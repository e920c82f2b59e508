import fc from "fast-check";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts } from "#store/testing/ask.ts";
import { makeCertificate, makeGrant, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";

const store = openStore({ path: ":memory:", access: "write" });
visitEndpoint(store, "edge.corp", {
  presented: { chain: [makeCertificate("shop.example"), makeCertificate("50%_off")] },
});
visitHost(store, "db1", {
  collected: {
    grants: [
      makeGrant("ann@laptop"),
      makeGrant('say "hi"', { line: 2, account: "deploy" }),
      makeGrant("50%_off", { line: 3, file: "/etc/ssh/keys" }),
    ],
  },
});

const subjects = (search: string) =>
  listCertificates(store, { search }).rows.map(({ commonName }) => commonName);
const comments = (search: string) => listGrants(store, { search }).rows.map(({ comment }) => comment);

test.each([
  ["SHOP", ["shop.example"]],
  ["op.exam", ["shop.example"]],
  ["edge shop", ["shop.example"]],
  ["edge.corp", ["shop.example", "50%_off"]],
  ["ed", ["shop.example", "50%_off"]],
  ["%_", ["50%_off"]],
  ["0%_", ["50%_off"]],
  ["%%", []],
  ["___", []],
  ["shop nowhere", []],
  ["  \t", ["shop.example", "50%_off"]],
])("a search for %j finds the certificates of %j", (search, found) => {
  expect(subjects(search)).toEqual(found);
});

test.each([
  ["laptop", ["ann@laptop"]],
  ["db1 /etc/ssh", ["50%_off"]],
  ["deploy", ['say "hi"']],
  ['"hi"', ['say "hi"']],
  ['y "', ['say "hi"']],
  ["/etc/ssh/keys", ["50%_off"]],
  ["SHA256:", ["ann@laptop", "50%_off", 'say "hi"']],
  ["ann OR deploy", []],
  ["NEAR(ann", []],
  ["text:ann", []],
  ["ann*", []],
])("a search for %j finds the grants of %j", (search, found) => {
  expect(comments(search).toSorted()).toEqual([...found].toSorted());
});

test("what is gone is not found", () => {
  const fresh = openStore({ path: ":memory:", access: "write" });
  visitEndpoint(fresh, "edge", { presented: { chain: [makeCertificate("old.example")] } });
  visitEndpoint(fresh, "edge", { presented: { chain: [makeCertificate("new.example")] } });
  visitHost(fresh, "db1", { collected: { grants: [makeGrant("ann")] } });
  visitHost(fresh, "db1", { collected: { grants: [] } });
  expect(listCertificates(fresh, { search: "old.example" })).toMatchObject({ rows: [], total: 0 });
  expect(listGrants(fresh, { search: "ann" })).toMatchObject({ rows: [], total: 0 });
  visitEndpoint(fresh, "edge", { presented: { chain: [makeCertificate("old.example")] } });
  expect(listCertificates(fresh, { search: "old.example" })).toMatchObject({ total: 1 });
});

test("nothing that can be typed makes a search fail", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 60 })),
      (search) => {
        for (const list of [listCertificates, listGrants, listFindings, listHosts]) list(store, { search });
      },
    ),
  );
});

test("each piece of a comment, of any length, is found", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }),
      fc.nat(),
      fc.nat(),
      (comment, from, length) => {
        const fresh = openStore({ path: ":memory:", access: "write" });
        visitHost(fresh, "db1", { collected: { grants: [makeGrant("key", { comment })] } });
        const start = from % comment.length;
        const piece = comment.slice(start, start + 1 + (length % (comment.length - start)));
        expect(listGrants(fresh, { search: piece }).total).toBe(1);
        fresh.close();
      },
    ),
    { numRuns: 50 },
  );
});
