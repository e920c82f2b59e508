import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { openStore, type Store } from "#store/store.ts";
import { START, visitEndpoint } from "#store/testing/make-visit.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date(START);
const append = (store: Store) =>
  store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: {} }));

/** The files of a database that is open and whose newest commits are in the log, as a kill would leave them. */
async function makeKilled(folder: string): Promise<string> {
  const path = join(folder, "latchkey.db");
  const first = openStore({ path, access: "write" });
  append(first);
  first.close();
  const store = openStore({ path, access: "write" });
  for (let count = 0; count < 3; count++) append(store);
  visitEndpoint(store, "shop");
  const killed = join(folder, "killed.db");
  for (const end of ["", "-wal", "-shm", ".mark", ".holder", ".seal-key"])
    await copyFile(path + end, killed + end);
  store.close();
  return killed;
}

test("B8: a log that was deleted is missed at the next start, told, and on record", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const path = await makeKilled(folder.path);
  for (const end of ["-wal", "-shm"]) await rm(path + end);
  const loss = `3 events and 1 probe that were saved are missing from ${path}: an older copy took its place, or the file ending in -wal was deleted; what is there is whole: scan again`;

  const reader = createApp({ databasePath: path, access: "read", now });
  expect(reader.warnings).toEqual([loss]);
  expect(await reader.client.database.check()).toMatchObject({ problems: [loss] });
  await reader[Symbol.asyncDispose]();

  const writer = createApp({ databasePath: path, now });
  expect(writer.warnings).toEqual([loss]);
  expect(await writer.client.database.state()).toMatchObject({ loss });
  expect(await writer.client.auditLog.verify()).toEqual({ eventCount: 2, brokenAt: null });
  await writer[Symbol.asyncDispose]();
  await using next = createApp({ databasePath: path, now });
  expect(next.warnings).toEqual([]);
  recordFault(task, {
    id: "B8",
    injected: "-wal deleted after a kill",
    seen: "3 events and 1 visit missed, told, recorded",
  });
});

test("B8: an older copy that was put in place by hand is told, and so is one of another history", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  append(store);
  store.close();
  await copyFile(path, `${path}.old`);
  const grown = openStore({ path, access: "write" });
  append(grown);
  grown.close();
  await copyFile(`${path}.old`, path);
  const older = openStore({ path, access: "read" });
  expect(older.loss).toContain("1 event and 0 probes that were saved are missing");
  older.close();

  const other = join(folder.path, "other.db");
  const another = openStore({ path: other, access: "write" });
  for (let count = 0; count < 5; count++)
    another.atomically(() => another.events.append({ at: START, kind: "pin-forgotten", detail: { count } }));
  another.close();
  await copyFile(other, path);
  const exchanged = openStore({ path, access: "read" });
  expect(exchanged.loss).toContain("has another history than the one that was kept here");
  exchanged.close();
  recordFault(task, {
    id: "B8",
    injected: "an older, or another, copy put in place",
    seen: "told at the next start",
  });
});

test("B8: a stale -shm is not believed: all that is in the log is there", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const path = await makeKilled(folder.path);
  await writeFile(`${path}-shm`, Buffer.alloc(32_768, 0xa5));
  for (const access of ["read", "write"] as const) {
    const store = openStore({ path, access });
    expect({ access, count: store.events.count(), loss: store.loss }).toEqual({
      access,
      count: 4,
      loss: null,
    });
    store.close();
  }
  recordFault(task, { id: "B8", injected: "garbage in place of -shm", seen: "made anew; nothing lost" });
});

test("B8: the log of another database is not played into this one", async () => {
  await using folder = await makeTemporaryFolder();
  const path = await makeKilled(folder.path);
  await writeFile(`${path}-wal`, Buffer.alloc(100_000, 0xa5));
  await rm(`${path}-shm`);
  const store = openStore({ path, access: "write" });
  expect(store.events.count()).toBe(1);
  expect(store.events.findBreak()).toBeNull();
  expect(store.loss).toContain("3 events and 1 probe");
  store.close();
});

test("B8: a copy without its log is older and whole, and nothing says how far it had come", async () => {
  await using folder = await makeTemporaryFolder();
  const path = await makeKilled(folder.path);
  const copy = join(folder.path, "copy.db");
  await copyFile(path, copy);
  const store = openStore({ path: copy, access: "write" });
  expect({ count: store.events.count(), loss: store.loss }).toEqual({ count: 1, loss: null });
  store.close();
});

test("B8: a copy whose halves are of different moments is refused, for it is looked through", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  const before = await readFile(path);
  const store = openStore({ path, access: "write" });
  for (let count = 0; count < 200; count++) visitEndpoint(store, `shop${count}`);
  store.close();
  const after = await readFile(path);
  const copy = join(folder.path, "copy.db");
  // The copying had come to a table that is written to meanwhile.
  const db = new Database(path, { readonly: true });
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'endpoint'").pluck().get();
  db.close();
  const half = (Number(page) - 1) * 4_096;
  await writeFile(copy, Buffer.concat([before.subarray(0, half), after.subarray(half)]));
  expect(() => openStore({ path: copy, access: "write" })).toThrow("is damaged");
  recordFault(task, {
    id: "B8",
    injected: "copied while open: halves of two moments",
    seen: "looked through at its first start, and refused",
  });
});
