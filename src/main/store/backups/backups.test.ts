import { existsSync } from "node:fs";
import { copyFile, link, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Instant } from "#shared/model/instant.ts";
import { leastOf } from "#shared/model/total.ts";
import { APPLICATION_ID } from "#store/opening/migrate.ts";
import { openStore } from "#store/store.ts";
import { START, visitEndpoint } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { spoilTable } from "#store/testing/spoil.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { backupFolder, findLastGood, listBackups, nameBackup } from "./backup-files.ts";
import { restoreDatabase } from "./restore-database.ts";
import { checkDatabase, makeBackup } from "./run-aside.ts";

const isWindows = process.platform === "win32";
const day = (number: number): Instant => `2026-06-${String(number).padStart(2, "0")}T12:00:00Z`;

test("a backup holds all that was saved, is for its owner alone and says when and why it was made", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  visitEndpoint(database.store, "shop");
  const backup = await makeBackup(database.path, { at: day(1), reason: "on-demand" });

  expect(backup).toMatchObject({
    name: "2026-06-01T12-00-00Z.on-demand.db",
    at: day(1),
    reason: "on-demand",
    problem: null,
  });
  expect(listBackups(database.path)).toEqual([backup]);
  const path = join(backupFolder(database.path), backup.name);
  const copy = openStore({ path, access: "read" });
  expect(copy.scans.latest()).toMatchObject({ failed: 1 });
  copy.close();
  const modes = await Promise.all(
    [path, backupFolder(database.path)].map(async (one) => (await stat(one)).mode),
  );
  if (!isWindows) expect(modes.map((mode) => mode & 0o777)).toEqual([0o600, 0o700]);
});

test("ten backups are kept, the one just made among them, and two before each migration", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { name } = await makeBackup(database.path, { at: day(1), reason: "before-migration" });
  await writeFile(join(backupFolder(database.path), `${day(1)}.daily.db.unfinished`), "half of one");
  for (let number = 2; number <= 13; number++) {
    const other = nameBackup(database.path, {
      at: day(number),
      reason: number % 2 === 0 ? "daily" : "on-demand",
    });
    await copyFile(join(backupFolder(database.path), name), other);
  }
  for (const number of [20, 21, 22])
    await copyFile(
      join(backupFolder(database.path), name),
      nameBackup(database.path, { at: day(number), reason: "before-migration", migration: 7 }),
    );
  await makeBackup(database.path, { at: day(14), reason: "daily" });

  const days = listBackups(database.path).map(({ at }) => Number(at.slice(8, 10)));
  expect(days).toEqual([22, 21, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 1]);
  expect(await readdir(backupFolder(database.path))).toHaveLength(13);

  const early = await makeBackup(database.path, { at: "2015-01-01T00:00:00Z", reason: "daily" });
  expect(listBackups(database.path).at(-1)).toEqual(early);
  expect(listBackups(database.path)).toHaveLength(13);
});

test("two backups of one second are two files, and the later is the newer", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  for (let count = 0; count < 2; count++) await makeBackup(database.path, { at: day(1), reason: "daily" });
  expect(listBackups(database.path).map(({ name }) => name)).toEqual([
    "2026-06-01T12-00-00Z_2.daily.db",
    "2026-06-01T12-00-00Z.daily.db",
  ]);
});

test("a database that is damaged is not backed up: its copy would push a good one out", async () => {
  await using folder = await makeTemporaryFolder();
  const path = await makeDamaged(folder.path);
  await expect(makeBackup(path, { at: day(1), reason: "daily" })).rejects.toThrow(
    /no backup was made of .*: .* is damaged/,
  );
  expect(listBackups(path)).toEqual([]);
});

test("a backup that has been cut short is listed with the reason, and is not the last good one", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const good = await makeBackup(database.path, { at: day(1), reason: "daily" });
  const short = await makeBackup(database.path, { at: day(2), reason: "daily" });
  const spoilt = await makeBackup(database.path, { at: day(3), reason: "daily" });
  const pathOf = ({ name }: { name: string }) => join(backupFolder(database.path), name);
  await truncate(pathOf(short), short.sizeBytes - 4_096);
  spoilTable(pathOf(spoilt));

  expect(listBackups(database.path)).toMatchObject([
    { name: spoilt.name, problem: null },
    { name: short.name, problem: "it is damaged or was cut short" },
    { name: good.name, problem: null },
  ]);
  expect(findLastGood(database.path)).toEqual(good);
});

test("a check reads every page, follows the record and names what is wrong", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { path, store } = database;
  store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: {} }));
  expect(await checkDatabase(path, START)).toEqual({ at: START, problems: [], eventCount: 1 });

  database.write("DROP TRIGGER event_is_never_changed");
  database.write("UPDATE event SET detail = '[]'");
  expect(await checkDatabase(path, START)).toMatchObject({
    problems: ["event 1 was changed or removed by somebody: nothing after it is sure"],
  });
  await expect(checkDatabase(`${path}.missing`, START)).rejects.toThrow("there is no database at");
});

test("a check of what is damaged or no database says so", async () => {
  await using folder = await makeTemporaryFolder();
  const damaged = await makeDamaged(folder.path);
  expect(await checkDatabase(damaged, START)).toMatchObject({
    problems: [expect.stringContaining("damaged")],
  });
  const letter = join(folder.path, "letter");
  await writeFile(letter, "this is a letter and no database\n".repeat(100), { mode: 0o600 });
  expect(await checkDatabase(letter, START)).toMatchObject({
    problems: [expect.stringContaining("is not a database")],
  });
});

test("a restore puts the backup in place and keeps what was there, with its log", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  visitEndpoint(store, "first");
  const { name } = await makeBackup(path, { at: day(1), reason: "daily" });
  visitEndpoint(store, "second");
  // As a kill leaves it: with a log, and with no process that has it open.
  for (const end of ["", "-wal", "-shm"]) await copyFile(path + end, `${join(folder.path, "left.db")}${end}`);
  store.close();
  const left = join(folder.path, "left.db");
  const from = join(folder.path, "copy.db");
  await copyFile(join(backupFolder(path), name), from);

  const restored = restoreDatabase({ database: left, from, at: day(2) });
  const setAside = `${left}.before-restore-2026-06-02T12-00-00Z`;
  expect(restored).toMatchObject({ from, setAside });
  expect(countScans(left)).toBe(1);
  expect(countScans(setAside)).toBe(2);
});

test("a log whose database is gone is set aside, and not played into the backup", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  visitEndpoint(store, "first");
  await makeBackup(path, { at: day(1), reason: "daily" });
  visitEndpoint(store, "second");
  const gone = join(folder.path, "gone.db");
  await copyFile(`${path}-wal`, `${gone}-wal`);
  await writeFile(`${gone}-journal`, "a change that was cut short");
  await copyFile(`${path}.seal-key`, `${gone}.seal-key`);
  store.close();
  const from = join(backupFolder(path), "2026-06-01T12-00-00Z.daily.db");

  expect(restoreDatabase({ database: gone, from, at: day(2) })).toMatchObject({ setAside: null });
  expect(await checkDatabase(gone, day(2))).toMatchObject({ problems: [] });
  expect(countScans(gone)).toBe(1);
  const aside = "gone.db.before-restore-2026-06-02T12-00-00Z";
  expect((await readdir(folder.path)).filter((name) => name.startsWith(aside)).toSorted()).toEqual([
    `${aside}-journal`,
    `${aside}-wal`,
  ]);
});

test("latest is the newest backup that is good; without one there is a sentence", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  expect(() => restoreDatabase({ database: path, from: "latest", at: day(1) })).toThrow(
    "there is no good backup",
  );
  const { name } = await makeBackup(path, { at: day(1), reason: "daily" });
  expect(restoreDatabase({ database: path, from: "latest", at: day(1) })).toMatchObject({
    from: join(backupFolder(path), name),
  });
});

test("nothing is changed when what should be put back is damaged, foreign, newer, missing or the database", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const before = await readFile(path);
  const files: [string, string][] = [
    [await makeDamaged(folder.path), "is damaged"],
    [await makeOther(folder.path, "CREATE TABLE bookmark (url TEXT)"), "is a database of another program"],
    [
      await makeOther(folder.path, `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99`),
      "newer than",
    ],
    [join(folder.path, "missing"), "there is no backup"],
    [path, "is the database itself"],
  ];
  for (const [from, why] of files)
    expect(() => restoreDatabase({ database: path, from, at: day(1) })).toThrow(why);
  expect((await readFile(path)).equals(before)).toBe(true);
  expect((await readdir(folder.path)).filter((name) => name.includes("restor"))).toEqual([]);
});

test("a restore waits for no writer: it is refused and says who writes", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  await makeBackup(database.path, { at: day(1), reason: "daily" });
  expect(() => restoreDatabase({ database: database.path, from: "latest", at: day(1) })).toThrow(
    "is held by process",
  );
});

test("a restore that was cut short leaves a database that is refused until it is restored again", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  await makeBackup(path, { at: day(1), reason: "daily" });
  await link(path, `${path}.before-restore-2026-06-01T12-00-00Z`);
  await writeFile(`${path}.restoring`, "half of it");
  expect(() => openStore({ path, access: "write" })).toThrow("restore again if a restore was cut short");
  restoreDatabase({ database: path, from: "latest", at: day(1) });
  openStore({ path, access: "write" }).close();
  expect(existsSync(`${path}.restoring`)).toBe(false);
});

function countScans(path: string): number {
  const store = openStore({ path, access: "write" });
  try {
    return leastOf(
      store.scans.list({
        after: null,
        limit: 9,
        search: "",
        state: null,
        withPlans: false,
        sort: { by: "startedAt", descending: true },
      }).total,
    );
  } finally {
    store.close();
  }
}

/** A database whose header is good and one of whose pages is not. */
async function makeDamaged(folder: string): Promise<string> {
  const path = join(folder, "damaged.db");
  openStore({ path, access: "write" }).close();
  spoilTable(path);
  return path;
}

async function makeOther(folder: string, sql: string): Promise<string> {
  const { default: Sqlite } = await import("better-sqlite3");
  const path = join(folder, `other-${sql.length}.db`);
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
  return path;
}
