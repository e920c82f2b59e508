import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { restoreDatabase } from "#store/backups/restore-database.ts";
import { makeBackup } from "#store/backups/run-aside.ts";
import { APPLICATION_ID, SCHEMA } from "#store/opening/migrate.ts";
import { openStore } from "#store/store.ts";
import { START, visitEndpoint } from "#store/testing/make-visit.ts";
import { spoilTable } from "#store/testing/spoil.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date(START);
const OURS = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA.version};`;
const BACKUP = "2026-06-01T00-00-00Z.daily.db";
const offerFor = (path: string) =>
  `the last good backup is of ${START}: close Latchkey, then put it back by: latchkey --db ${path} database restore ${BACKUP}`;

test("B4: a damaged page is said at the start, with the last good backup and how to put it back", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = await makeDamaged(folder.path);
  const bytes = await readFile(path);
  const type = openTerminal(path, { now });

  expect(await type("targets", "add", "web1")).toEqual({
    code: 3,
    out: "",
    err: expect.stringMatching(
      new RegExp(`^latchkey: ${path} is damaged \\(.*\\); nothing in it was changed; ${offerFor(path)}$`),
    ),
  });
  expect(await type("database", "check")).toMatchObject({
    code: 1,
    out: expect.stringContaining("is damaged"),
  });
  expect((await readFile(path)).equals(bytes)).toBe(true);
  recordFault(task, {
    id: "B4",
    injected: "a page of a table overwritten",
    seen: `refused to a writer: "${offerFor(path)}"`,
  });
});

test("B4: a shell that stays shows what can still be read of a damaged database, and changes nothing", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = await makeDamaged(folder.path);
  const bytes = await readFile(path);
  await using app = createApp({
    databasePath: path,
    now,
    whenDamaged: "read",
    keepsBackups: true,
    log: () => undefined,
  });

  expect(app.warnings).toEqual([expect.stringContaining(offerFor(path))]);
  expect(await app.client.database.state()).toMatchObject({ damage: expect.stringContaining("is damaged") });
  expect(await app.client.targets.list()).toHaveLength(2);
  expect(await app.client.settings.read()).toMatchObject({ isReadOnly: true });
  await expect(app.client.scans.probes({ scanId: await lastScan(app) })).rejects.toMatchObject({
    code: "unusable",
    message: expect.stringContaining("is damaged; nothing in it was changed"),
  });
  await expect(app.client.targets.add({ text: "web2" })).rejects.toMatchObject({ code: "read-only" });
  await expect(app.client.database.backUp()).rejects.toMatchObject({ code: "read-only" });
  expect((await readFile(path)).equals(bytes)).toBe(true);
  recordFault(task, {
    id: "B4",
    injected: "the same, to the screens",
    seen: "rescue: what can be read is shown, read-only",
  });
});

test("B4: damage that only the first write meets is shown, too, and keeps nobody out", async () => {
  await using folder = await makeTemporaryFolder();
  const path = await makeDamaged(folder.path, "scan");
  await rm(`${path}.holder`);
  await using app = createApp({ databasePath: path, now, whenDamaged: "read", log: () => undefined });
  expect(app.warnings).toEqual([expect.stringContaining(offerFor(path))]);
  expect(await app.client.targets.list()).toHaveLength(2);
  restoreDatabase({ database: path, from: "latest", at: START });
});

test("B4: a database whose first page is gone is damage where it has backups, and they can be put back", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = await makeDamaged(folder.path);
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0xff, 0, 4_096));
  for (const access of ["write", "read"] as const)
    expect(() => openStore({ path, access })).toThrow(`${path} is damaged (file is not a database)`);
  expect((await readFile(path)).equals(bytes)).toBe(true);

  restoreDatabase({ database: path, from: "latest", at: START });
  const store = openStore({ path, access: "write" });
  expect(store.targets.count()).toBe(2);
  store.close();
  recordFault(task, {
    id: "B4",
    injected: "the first page overwritten",
    seen: "refused; the backup put back, the file kept",
  });
});

test("T18: triggers and views of a stranger never run, whatever the header says, and nothing is changed", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const foreign = [
    "CREATE TRIGGER own AFTER INSERT ON event BEGIN INSERT INTO cached_count (what, count) VALUES ('it ran', 1); END",
    "CREATE VIEW own AS SELECT 1",
    "DROP TRIGGER event_is_never_changed",
  ];
  for (const [index, sql] of foreign.entries()) {
    const own = join(folder.path, `${index}.db`);
    openStore({ path: own, access: "write" }).close();
    change(own, sql);
    const bytes = await readFile(own);
    for (const access of ["write", "read"] as const)
      expect(() => openStore({ path: own, access })).toThrow(
        /trigger own|view own|has no trigger event_is_never_changed/,
      );
    expect((await readFile(own)).equals(bytes)).toBe(true);
    expect(() => restoreDatabase({ database: path, from: own, at: START })).toThrow(
      "nothing in it was changed",
    );
  }
});

test.each([
  ["a table of bookmarks", "CREATE TABLE bookmark (url TEXT)", "is a database of another program"],
  ["the same, marked as ours", `${OURS} CREATE TABLE bookmark (url TEXT)`, "has no trigger"],
  [
    "ours without a column",
    `${OURS} ${SCHEMA.tables} ALTER TABLE inventory DROP COLUMN note`,
    "has no column inventory.note: an earlier build of Latchkey made it",
  ],
])("T18: a stranger's database is refused and stays as it is: %s", async (_, sql, why) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  change(path, sql);
  const before = readAll(path);
  expect(() => openStore({ path, access: "write" })).toThrow(why);
  expect(readAll(path)).toEqual(before);
});

test("B10: a database of a newer program is refused, and nothing is written", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  change(path, "PRAGMA user_version = 99");
  const bytes = await readFile(path);
  for (const command of [["targets", "add", "web1"], ["certificates"]]) {
    const { code, err } = await openTerminal(path, { now })(...command);
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringContaining("is at schema 99, newer than this program's"),
    });
  }
  expect((await readFile(path)).equals(bytes)).toBe(true);
  recordFault(task, {
    id: "B10",
    injected: "user_version 99",
    seen: "refused to read and to write; not a byte changed",
  });
});

/** Two targets, a scan with a probe, a good backup; then the probes are spoilt. */
async function makeDamaged(folder: string, table?: string): Promise<string> {
  const path = join(folder, "latchkey.db");
  const app = createApp({ databasePath: path, now });
  await app.client.targets.add({ text: "web1" });
  await app[Symbol.asyncDispose]();
  const store = openStore({ path, access: "write" });
  visitEndpoint(store, "shop");
  store.close();
  await makeBackup(path, { at: START, reason: "daily" });
  spoilTable(path, table);
  await writeFile(`${path}.holder`, JSON.stringify({ pid: 1, host: "h", since: START }));
  return path;
}

async function lastScan(app: ReturnType<typeof createApp>) {
  const { rows } = await app.client.scans.list({});
  const [scan] = rows;
  if (!scan) throw new Error("there is no scan");
  return scan.id;
}

function readAll(path: string) {
  const db = new Sqlite(path, { readonly: true });
  const schema = db.prepare("SELECT * FROM sqlite_schema").all();
  const version = db.pragma("user_version", { simple: true });
  db.close();
  return { schema, version };
}

function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}
