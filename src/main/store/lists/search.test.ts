import fc from "fast-check";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts } from "#store/testing/ask.ts";
import {
  makeCertificate,
  makeGrant,
  makeServing,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

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

const PAGE = { after: null, limit: 100 };
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

test("what is served is found by what a row of it prints, and by the line where its certificate is named by now", () => {
  const fresh = openStore({ path: ":memory:", access: "write" });
  const at = (line: number) => ({ file: "/etc/nginx/shop.conf", line });
  const visit = (line: number) =>
    visitHost(fresh, "web1", {
      collected: {
        disk: {
          addresses: null,
          map: null,
          bindings: [
            makeServing("any", { at: at(1) }),
            makeServing("six", { address: "2001:db8::7", port: 8443, at: at(2) }),
            makeServing("four", {
              address: "192.0.2.7",
              at: at(3),
              certificate: { path: "/srv/four.pem", directive: "ssl_certificate", at: at(line) },
            }),
          ],
        },
      },
    });
  const names = (search: string) =>
    fresh.bindings
      .list({
        search,
        state: null,
        host: null,
        sha256: null,
        sort: { by: "host", descending: false },
        ...PAGE,
      })
      .rows.map(({ name }) => name);
  visit(4);
  expect(names("nginx *:443 any")).toEqual(["any"]);
  expect(names("[2001:db8::7]:8443")).toEqual(["six"]);
  expect(names("ngi…0.2.7:443")).toEqual(["four"]);
  expect(names("/srv/four.pem /etc/nginx/shop.conf:4")).toEqual(["four"]);
  visit(9);
  expect(names("shop.conf:4")).toEqual([]);
  expect(names("shop.conf:9")).toEqual(["four"]);
});

test("a certificate is found by where it is seen, and a grant by where it stands, as the lists print it", () => {
  const fresh = openStore({ path: ":memory:", access: "write" });
  const file = makeCertificate("file.example");
  const visit = (path: string, line: number) =>
    visitHost(fresh, "web1", {
      collected: {
        certificateFiles: [{ path, certificates: [file] }],
        grants: [makeGrant("ann@laptop", { line, file: "/home/ann/.ssh/authorized_keys" })],
      },
    });
  visitEndpoint(fresh, "2001:db8::7", { presented: { chain: [makeCertificate("six.example")] } });
  visitEndpoint(fresh, "edge", { presented: { chain: [makeCertificate("edge.example")] } });
  visit("/etc/ssl/shop.pem", 7);
  const seen = (search: string) =>
    listCertificates(fresh, { search }).rows.map(({ commonName }) => commonName);
  const stands = (search: string) => listGrants(fresh, { search }).rows.map(({ line }) => line);
  expect(seen("edge:443")).toEqual(["edge.example"]);
  expect(seen("[2001:db8::7]:443")).toEqual(["six.example"]);
  expect(seen("web1:/etc/ssl/shop.pem")).toEqual(["file.example"]);
  expect(seen("web1 /etc/ssl/shop.pem")).toEqual(["file.example"]);
  expect(seen("l/shop.pem file")).toEqual(["file.example"]);
  expect(stands("authorized_keys:7 ann")).toEqual([7]);
  expect(listFindings(fresh, { search: "web1:/etc/ssl/shop.pem" }).rows.map(({ label }) => label)).toEqual(
    listFindings(fresh, { search: "file.example" }).rows.map(({ label }) => label),
  );
  visit("/etc/ssl/moved.pem", 9);
  expect(seen("web1:/etc/ssl/shop.pem")).toEqual([]);
  expect(seen("web1:/etc/ssl/moved.pem")).toEqual(["file.example"]);
  expect([stands("authorized_keys:7"), stands("authorized_keys:9")]).toEqual([[], [9]]);
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

test("one or two letters find what has them in any case, wherever they stand", () => {
  const letters = fc.string({
    unit: fc.constantFrom("a", "B", "z", "7", "-", '"', "%", "é"),
    minLength: 1,
    maxLength: 6,
  });
  const word = fc.string({
    unit: fc.constantFrom("a", "b", "Z", "7", "-", '"', "%", "_"),
    minLength: 1,
    maxLength: 2,
  });
  fc.assert(
    fc.property(
      letters,
      fc.array(letters, { minLength: 1, maxLength: 6 }),
      word,
      (account, comments, search) => {
        const fresh = openStore({ path: ":memory:", access: "write" });
        const grants = comments.map((comment, line) => makeGrant(`key ${line}`, { account, comment, line }));
        visitHost(fresh, "h1", { collected: { grants } });
        const fits = (text: string) => toLower(text).includes(toLower(search));
        const { rows, total } = listGrants(fresh, { search });
        const found = listGrants(fresh).rows.filter(
          ({ host, account, file, comment, fingerprint }) =>
            [host, account, file, comment].some(fits) || fingerprint?.startsWith(`SHA256:${search}`),
        );
        expect(rows.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
        expect(total).toBe(found.length);
        fresh.close();
      },
    ),
    { numRuns: 60 },
  );
});

/** As LIKE compares: letters of ASCII in any case. */
const toLower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

test.each([
  ["P.", ["shop.example"]],
  ["E", ["shop.example", "50%_off"]],
  ['f"]', ["50%_off"]],
  ["rp", ["shop.example", "50%_off"]],
  ["zq", []],
])("%j finds the certificates of %j, by what they are and where", (search, found) => {
  expect(subjects(search)).toEqual(found);
});

test("what was found is kept until something changes, and a page goes on after a row that is gone", () => {
  const fresh = openStore({ path: ":memory:", access: "write" });
  const grants = ["k1", "k2", "k3", "k4"].map((key, line) =>
    makeGrant(key, { comment: `laptop ${key}`, line }),
  );
  const first = () => listGrants(fresh, { search: "la", limit: 2 });
  const after = (page: { next: string | null }) =>
    listGrants(fresh, { search: "la", limit: 2, after: page.next });
  visitHost(fresh, "db1", { collected: { grants } });
  const page = first();
  expect(after(page).rows.map(({ comment }) => comment)).toEqual(["laptop k3", "laptop k4"]);
  visitHost(fresh, "db1", { collected: { grants: grants.slice(2) } });
  expect(after(page).rows.map(({ comment }) => comment)).toEqual(["laptop k3", "laptop k4"]);
  expect(first()).toMatchObject({ total: 2, next: null });
});
