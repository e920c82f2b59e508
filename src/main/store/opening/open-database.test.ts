import { existsSync } from "node:fs";
import { chmod, link, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { listBackups } from "#store/backups/backup-files.ts";
import { openStore } from "#store/store.ts";
import { MADE_UP } from "#store/testing/made-up-step.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import { makeOlder } from "#store/testing/older.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { SCHEMA } from "./migrate.ts";

const isWindows = process.platform === "win32";

test("a new database is for its owner alone, and so is a folder that is made for it", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "new", "latchkey.db");
  openStore({ path, access: "write" }).close();
  const modes = await Promise.all(
    [path, join(folder.path, "new")].map(async (one) => (await stat(one)).mode & 0o777),
  );
  if (!isWindows) expect(modes).toEqual([0o600, 0o700]);
});

test("a database that others could read is closed to them when it is opened to write", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  await chmod(path, 0o644);
  openStore({ path, access: "write" }).close();
  if (!isWindows) expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("what was acknowledged is on the disk: every connection is synchronous in full", async () => {
  await using folder = await makeTemporaryFolder();
  const store = openStore({ path: join(folder.path, "latchkey.db"), access: "write" });
  expect(store.facts()).toMatchObject({ schema: SCHEMA.version, synchronous: 2, journal: "wal" });
  store.close();
});

test("to read a database that is not there gives an empty one and makes no file", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "missing", "latchkey.db");
  const store = openStore({ path, access: "read" });
  expect(store.today.figures(new Date(START))).toMatchObject({ isEmpty: true });
  store.close();
  expect(await readdir(folder.path)).toEqual([]);
});

test("one reads while another writes, and cannot write", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const writer = openStore({ path, access: "write" });
  const reader = openStore({ path, access: "read" });
  const scanId = beginScan(writer);
  expect(reader.scans.find(scanId)).toMatchObject({ state: "running" });
  expect(() => beginScan(reader)).toThrow(`${path} cannot be written`);
  writer.close();
  reader.close();
});

test("a second writer is told who holds the database, and gets it when the first has ended", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const first = openStore({ path, access: "write" });
  const open = () => openStore({ path, access: "write" });
  expect(open).toThrow(new RegExp(`${path} is held by process ${process.pid} since 20.*; close it or wait`));
  expect(codeOf(open)).toBe("locked");
  first.close();
  open().close();
});

test("to close a database twice takes nothing from whoever holds it by then", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const first = openStore({ path, access: "write" });
  first.close();
  const next = openStore({ path, access: "write" });
  first.close();
  expect(existsSync(`${path}.holder`)).toBe(true);
  next.close();
});

test("a file that is no database is refused and stays as it is", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const text = "this is a letter and no database\n".repeat(100);
  await writeFile(path, text, { mode: 0o600 });
  for (const access of ["write", "read"] as const) {
    expect(codeOf(() => openStore({ path, access }))).toBe("unusable");
    expect(() => openStore({ path, access })).toThrow(`${path} is not a database; nothing in it was changed`);
  }
  expect(await readFile(path, "utf8")).toBe(text);
});

test("a database that is damaged is refused and stays as it is", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const bytes = await readFile(path);
  bytes.fill(0xff, 100, 4_096);
  await writeFile(path, bytes);
  for (const access of ["write", "read"] as const) {
    expect(() => openStore({ path, access })).toThrow(/is damaged|is not a database/);
  }
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

test("a database that was left by a kill is looked through before it is used", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const bytes = await readFile(path);
  bytes.fill(0xff, 8_192);
  await writeFile(path, bytes);
  await writeFile(`${path}.holder`, JSON.stringify({ pid: 1, host: "h", since: START }));
  expect(() => openStore({ path, access: "write" })).toThrow("is damaged");
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

test("a database of a newer program is refused and not touched, to read as well as to write", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  change(path, "PRAGMA user_version = 99");
  const before = await readFile(path);
  for (const access of ["write", "read"] as const) {
    expect(() => openStore({ path, access })).toThrow("is at schema 99, newer than this program's");
  }
  expect((await readFile(path)).equals(before)).toBe(true);
});

test("a database of an older program is copied before it is brought up to date, and refused to a reader", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const older = join(folder.path, "older.db");
  makeOlder(older);
  await rename(older, path);

  expect(() => openStore({ path, access: "read", schema: MADE_UP })).toThrow(
    "is at schema 1, older than this program's",
  );
  const store = openStore({ path, access: "write", now: () => new Date(START), schema: MADE_UP });
  expect(store.scans.latest()).toMatchObject({ total: 7 });
  expect(store.facts()).toMatchObject({ schema: MADE_UP.version });
  store.close();
  expect(listBackups(path)).toMatchObject([
    {
      name: "2026-06-01T00-00-00Z.before-migration-2.db",
      reason: "before-migration",
      schema: 1,
      problem: null,
    },
  ]);
  const backup = join(`${path}.backups`, "2026-06-01T00-00-00Z.before-migration-2.db");
  const copy = new Sqlite(backup, { readonly: true });
  expect(copy.prepare("SELECT total FROM scan").all()).toEqual([{ total: 7 }]);
  copy.close();
  const modes = await Promise.all(
    [backup, `${path}.backups`].map(async (one) => (await stat(one)).mode & 0o777),
  );
  if (!isWindows) expect(modes).toEqual([0o600, 0o700]);
});

test.skipIf(isWindows)("a symbolic link, a hard link and a folder are refused with the reason", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const [linked, other] = [join(folder.path, "linked.db"), join(folder.path, "other.db")];
  await symlink(path, linked);
  await mkdir(other);
  expect(() => openStore({ path: linked, access: "write" })).toThrow(`${linked} is a symbolic link`);
  expect(() => openStore({ path: other, access: "write" })).toThrow(`${other} is not a file`);
  await link(path, join(folder.path, "hard.db"));
  expect(() => openStore({ path, access: "write" })).toThrow(`${path} has another name (a hard link)`);
});

test("a place that cannot be used is refused in words", async () => {
  await using folder = await makeTemporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  expect(() => openStore({ path: join(file, "latchkey.db"), access: "write" })).toThrow(
    "a part of the path is a file",
  );
});

test("closing leaves the database alone in its folder, but for the empty lock and the key of its seals", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  expect((await readdir(folder.path)).toSorted()).toEqual([
    "latchkey.db",
    "latchkey.db.lock",
    "latchkey.db.seal-key",
  ]);
  expect(existsSync(`${path}.holder`)).toBe(false);
});

function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Refusal ? error.code : null;
  }
}
