import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore } from "../../src/main/store/store.ts";
import { findInconsistencies } from "../../src/main/store/testing/consistent.ts";
import { makeTemporaryFolder } from "../../src/main/testing/temporary-folder.ts";
import { seed } from "./seed.mjs";
import { seedServed } from "./served-seed.mjs";

test("what is served, labelled and kept in the database of the benchmarks is as if visits had made it", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  seed(path, 1_000);
  seedServed(path, 1_000);
  const db = new Sqlite(path, { readonly: true });
  expect(findInconsistencies((sql) => db.prepare(sql).all())).toEqual([]);
  expect(db.prepare("SELECT state, count(*) FROM binding GROUP BY state").raw().all()).toEqual([
    ...[0, 1, 2, 3, 4].map((state) => [state, 10]),
    [5, 200],
    [6, 750],
  ]);
  db.close();
});
