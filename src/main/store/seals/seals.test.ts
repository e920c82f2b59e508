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

  database.write("UPDATE label SET owner = 'mallory' WHERE name = 'web1'; UPDATE tag SET owner = 'mallory'");
  expect(findUnsealedAtOpening(db, path, 2)).toMatch(/^tag 1 was changed outside this program; /);
  const all = ["tag 1", "what was said of host web1"].map((one) => `${one} was changed outside this program`);
  expect(findUnsealed(db, path)).toEqual([...all, expect.anything()]);
  expect(findUnsealedAtOpening(db, path)).toContain(all.join("; "));

  // A row more than was sealed is no way to have a table left out.
  database.write("UPDATE label SET owner = 'team web'");
  database.write("INSERT INTO label (kind, name, owner) VALUES ('key', 'SHA256:x', 'mallory')");
  expect(findUnsealedAtOpening(db, path, 4)).toContain("what was said of key SHA256:x was added");
  db.close();
});
