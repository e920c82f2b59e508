import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { openStore } from "#store/store.ts";
import { fingerprintOf, makeGrant, START, visitHost } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** How SQLite would go through its tables; what is given to a statement is of no type, as a parameter is. */
const planOf = (db: Sqlite.Database, sql: string): string[] =>
  db
    .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll(/\?|@\w+/g, "NULL")}`)
    .all()
    .map(({ detail }) => detail);

test("the grants of people's keys are searched by their index: no statement about people reads all of them", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const prepare = vi.spyOn(Sqlite.prototype, "prepare");
  const store = openStore({ path, access: "write" });
  const person = {
    handle: "ann",
    name: "Ann",
    email: null,
    logins: ["ann"],
    said: "gone" as const,
    leftOn: null,
    keys: [{ fingerprint: fingerprintOf("ann"), keyType: null }],
  };
  store.atomically(() => {
    store.people.replaceSource({
      name: "people.csv",
      kind: "csv",
      isWhole: false,
      people: [person],
      at: START,
    });
    store.people.settle(settleStandings(store.people.entries(), START.slice(0, 10), []), START);
  });
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann")] } });
  expect(store.people.former(new Date(START), 10)).toHaveLength(1);
  expect(store.people.find(1)).toMatchObject({ grantCount: 1 });
  const asked = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  using db = Object.assign(new Sqlite(path, { readonly: true }), {
    [Symbol.dispose]: () => void db.close(),
  });
  const aboutPeople = [...asked].filter(
    (sql) => sql.includes("person_key.fingerprint") && sql.includes("grant_line"),
  );
  expect(aboutPeople.length).toBeGreaterThanOrEqual(3);
  const scans = aboutPeople.flatMap((sql) =>
    planOf(db, sql).filter((detail) => /^SCAN grant_line/.test(detail)),
  );
  expect(scans).toEqual([]);
});
