import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { findUnsealed, findUnsealedAtOpening } from "./seals.ts";

test("a table of more rows than are verified at opening keeps no other from being verified, and check verifies it", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store, path } = database;
  for (const name of ["web1", "web2", "web3"]) {
    visitHost(store, name);
    const row = store.labels.findRow({ kind: "host", host: name });
    if (row) store.labels.set(row, { owner: "team web" });
  }
  store.labels.setTag("shop", { owner: "Ann" });
  const db = new Sqlite(path);
  expect(findUnsealedAtOpening(db, path, 2)).toBe(null);

  database.write("UPDATE label SET owner = 'mallory' WHERE name = 'web3'; UPDATE tag SET owner = 'mallory'");
  expect(findUnsealedAtOpening(db, path, 2)).toMatch(/^tag 1 was changed outside this program; /);
  const all = ["tag 1", "what was said of host web3"].map((one) => `${one} was changed outside this program`);
  expect(findUnsealed(db, path)).toEqual([...all, expect.anything()]);
  expect(findUnsealedAtOpening(db, path)).toContain(all.join("; "));

  // A row more than was sealed is no way to have a table left out.
  database.write("UPDATE label SET owner = 'team web'");
  database.write("INSERT INTO label (kind, name, owner) VALUES ('key', 'SHA256:x', 'mallory')");
  expect(findUnsealedAtOpening(db, path, 4)).toContain("what was said of key SHA256:x was added");
  db.close();
});

const PAD = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)";
const pins = (name: string): string =>
  `INSERT INTO pin ${PAD} SELECT '${name}' || i, 22, 'ssh-ed25519', 'SHA256:x', x'00', 'accepted', '2026-12-01T00:00:00Z' FROM n`;
const seals = (id: string): string => `INSERT INTO row_seal ${PAD} SELECT 'pin', ${id}, zeroblob(32) FROM n`;

test.each([
  ["seals of no pins", seals("json_array('zz' || i, 22)"), "the pin of m port 22 was added"],
  ["seals that name nothing", seals("'zz' || i"), "the pin of m port 22 was added"],
  ["seals that name no pin", seals("i"), "the pin of m port 22 was added"],
  ["pins without seals", pins("zz"), "10 rows of pin are not sealed"],
  [
    "pins with false seals",
    `${pins("aa")}; ${seals("json_array('aa' || i, 22)")}`,
    "aa1 port 22 was changed",
  ],
])("%s, more than are verified at opening, hide no planted pin", async (_, padding, said) => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store, path, write } = database;
  visitHost(store, "web1");
  store.labels.setTag("shop", { owner: "Ann" });
  write(
    `INSERT INTO pin VALUES ('m', 22, 'ssh-ed25519', 'SHA256:x', x'00', 'accepted', '2026-12-01T00:00:00Z')`,
  );
  write(padding);
  const db = new Sqlite(path);
  expect(findUnsealedAtOpening(db, path, 4)).toContain(said);
  expect(findUnsealed(db, path).join()).toContain("m port 22 was added");
  db.close();
});
