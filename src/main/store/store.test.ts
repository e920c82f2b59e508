import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import {
  beginScan,
  makeCertificate,
  makeGrant,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "./testing/make-visit.ts";
import { openFile } from "./testing/open-file.ts";

const SPANS =
  "SELECT subject, first_scan, last_scan, gone_scan FROM location JOIN certificate ON certificate.id = certificate ORDER BY location.id";

test("a certificate is one row for as long as every visit sees the same, and begins anew when it is back", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const [first, second] = [makeCertificate("first"), makeCertificate("second")];
  visitEndpoint(store, "shop", { presented: { chain: [first] } });
  visitEndpoint(store, "shop", { presented: { chain: [first] } });
  visitEndpoint(store, "shop", { presented: { chain: [second] } });
  visitEndpoint(store, "shop", { presented: null });
  visitEndpoint(store, "shop", { presented: { chain: [first] } });

  expect(database.read(SPANS)).toEqual([
    { subject: "CN=first", first_scan: 1, last_scan: 2, gone_scan: 3 },
    { subject: "CN=second", first_scan: 3, last_scan: 3, gone_scan: 5 },
    { subject: "CN=first", first_scan: 5, last_scan: 5, gone_scan: null },
  ]);
});

test("a chain that repeats a certificate has it at both places", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const [leaf, authority] = [makeCertificate("leaf"), makeCertificate("authority", { isCa: true })];
  visitEndpoint(database.store, "shop", { presented: { chain: [leaf, authority, authority] } });
  expect(database.read("SELECT subject, location_count FROM certificate ORDER BY id")).toEqual([
    { subject: "CN=leaf", location_count: 1 },
    { subject: "CN=authority", location_count: 2 },
  ]);
});

const GRANTS =
  "SELECT id, comment, line, effective, first_scan, last_scan, gone_scan FROM grant_line ORDER BY id";

test("a grant goes on when its line moves or is judged anew, and ends when the line is gone", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const visit = (...grants: ReturnType<typeof makeGrant>[]) =>
    visitHost(store, "web1", { collected: { grants } });
  visit(makeGrant("ann"), makeGrant("bob", { line: 2 }));
  visit(
    makeGrant("eve"),
    makeGrant("ann", { line: 2 }),
    makeGrant("bob", { line: 3, verdict: makeVerdict("no") }),
  );
  visit(makeGrant("ann"));

  expect(database.read(GRANTS)).toEqual([
    { id: 1, comment: "ann", line: 1, effective: "yes", first_scan: 1, last_scan: 3, gone_scan: null },
    { id: 2, comment: "bob", line: 3, effective: "no", first_scan: 1, last_scan: 2, gone_scan: 3 },
    { id: 3, comment: "eve", line: 1, effective: "yes", first_scan: 2, last_scan: 2, gone_scan: 3 },
  ]);
});

test("a line of any bytes is the same line when it is seen again", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const text = "\u0000 \u202e \uFFFD \u001b[2J 'quoted' \"twice\" \u{10ffff}";
  const grants = [makeGrant("ann", { text, comment: text, account: text, file: text })];
  visitHost(store, text, { collected: { grants } });
  visitHost(store, text, { collected: { grants } });
  expect(database.read("SELECT text, last_scan, gone_scan FROM grant_line")).toEqual([
    { text, last_scan: 2, gone_scan: null },
  ]);
});

test("the same text on several lines is as many grants, each of which keeps its row", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const visit = (lines: number[]) =>
    visitHost(store, "web1", { collected: { grants: lines.map((line) => makeGrant("ann", { line })) } });
  visit([1, 2, 3]);
  visit([2, 3]);
  visit([3, 4]);
  expect(database.read("SELECT id, line FROM grant_line WHERE gone_scan IS NULL ORDER BY id")).toEqual([
    { id: 2, line: 4 },
    { id: 3, line: 3 },
  ]);
});

test("what a partial visit did not see has not gone", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const certificateFiles = [{ path: "/etc/ssl/a.pem", certificates: [makeCertificate("a")] }];
  const grants = [makeGrant("ann"), makeGrant("bob", { line: 2 })];
  visitHost(store, "web1", { collected: { grants, certificateFiles, kernel: "6.18" } });
  visitHost(store, "web1", {
    state: "partial",
    outcome: "truncated",
    collected: { grants: grants.slice(1), isPartial: true, os: null },
  });

  expect(database.read("SELECT comment, last_scan, gone_scan FROM grant_line ORDER BY id")).toEqual([
    { comment: "ann", last_scan: 1, gone_scan: null },
    { comment: "bob", last_scan: 2, gone_scan: null },
  ]);
  expect(database.read("SELECT state, os, kernel, grant_count, certificate_count FROM host")).toEqual([
    { state: "partial", os: "Debian GNU/Linux 13", kernel: "6.18", grant_count: 2, certificate_count: 1 },
  ]);
});

test("a visit that fails changes nothing that is known but what the last visit met", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann")] } });
  visitHost(store, "web1", {
    collected: null,
    outcome: "timed-out",
    message: "no answer",
    at: "2026-06-02T00:00:00Z",
  });

  const [host] = store.hosts.list({
    search: "",
    state: null,
    sort: { by: "host", descending: false },
    after: null,
    limit: 9,
  }).rows;
  expect(host).toMatchObject({
    state: "failed",
    outcome: "timed-out",
    message: "no answer",
    grantCount: 1,
    lastSeen: "2026-06-02T00:00:00Z",
    lastRead: "2026-06-01T00:00:00Z",
  });
  expect(database.read(GRANTS)).toMatchObject([{ last_scan: 1, gone_scan: null }]);
});

test("work that fails half-way leaves nothing behind, not even its event", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const fail = () =>
    store.atomically(() => {
      beginScan(store);
      store.events.append({ at: "2026-06-01T00:00:00Z", kind: "scan-started", detail: {} });
      throw new Error("half-way");
    });
  expect(fail).toThrow("half-way");
  expect(database.read("SELECT id FROM scan UNION ALL SELECT id FROM event")).toEqual([]);
});
