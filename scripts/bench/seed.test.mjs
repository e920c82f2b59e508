import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore } from "../../src/main/store/store.ts";
import { findInconsistencies } from "../../src/main/store/testing/consistent.ts";
import { makeTemporaryFolder } from "../../src/main/testing/temporary-folder.ts";
import { NOW, seed } from "./seed.mjs";

test("what the benchmarks read is as if visits had made it", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  seed(path, 1_000);
  const db = new Sqlite(path, { readonly: true });
  expect(findInconsistencies((sql) => db.prepare(sql).all())).toEqual([]);
  db.close();
  const store = openStore({ path, access: "read" });
  const { total, within30Days } = store.today.figures(new Date(NOW)).certificates;
  expect({ total, within30Days }).toEqual({ total: 1_050, within30Days: 72 });
  store.close();
});
