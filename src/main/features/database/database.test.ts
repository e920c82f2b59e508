import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type App, createApp } from "#app";
import { openStore } from "#store/store.ts";
import { spoilTable } from "#store/testing/spoil.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createDatabase } from "./index.ts";

const HOUR_MS = 3_600_000;

test("a backup is announced and on record, and the list has it with its size and schema", async () => {
  await using folder = await makeTemporaryFolder();
  await using app = open(folder.path);
  const announcements = await app.client.events.watch();
  expect(await app.client.database.state()).toMatchObject({ checkedAt: null, damage: null, loss: null });

  const backup = await app.client.database.backUp();

  expect(backup).toMatchObject({ name: "2026-06-01T00-00-00Z.on-demand.db", problem: null });
  expect(await app.client.database.backups()).toEqual([backup]);
  expect(await app.client.database.state()).toMatchObject({ checkedAt: "2026-06-01T00:00:00Z" });
  expect(await app.client.auditLog.verify()).toEqual({ eventCount: 1, brokenAt: null });
  for await (const announcement of announcements) {
    expect(announcement).toEqual({ kind: "database-changed" });
    break;
  }
});

test("work goes on while a backup is made, and a second one waits until it is asked for again", async () => {
  await using folder = await makeTemporaryFolder();
  await using app = open(folder.path);
  const first = app.client.database.backUp();
  await expect(app.client.database.backUp()).rejects.toMatchObject({ code: "conflict" });
  expect(await app.client.targets.add({ text: "web1" })).toMatchObject({ added: 2 });
  await first;
  await app.client.database.backUp();
  expect(await app.client.database.backups()).toHaveLength(2);
});

test("a reader checks and lists, and may not back up", async () => {
  await using folder = await makeTemporaryFolder();
  await using _writer = open(folder.path);
  await using reader = createApp({ databasePath: join(folder.path, "latchkey.db"), access: "read" });
  expect(await reader.client.database.check()).toMatchObject({ problems: [] });
  expect(await reader.client.database.backups()).toEqual([]);
  await expect(reader.client.database.backUp()).rejects.toMatchObject({ code: "read-only" });
});

test("a backup is made when the last one is a day old, and not before, wherever the clock was meanwhile", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  let clock = Date.parse("2026-06-01T00:00:00Z");
  const { backUpWhenDue } = createDatabase({
    store,
    damage: null,
    announce: () => undefined,
    log: (error) => expect.unreachable(String(error)),
    now: () => new Date(clock),
  });
  // At the end the clock is set back by more than a day.
  for (const hour of [0, 1, 23, 24, 25, 47, 72, 50, 51]) {
    clock = Date.parse("2026-06-01T00:00:00Z") + hour * HOUR_MS;
    await backUpWhenDue();
  }
  store.close();
  expect((await readdir(`${path}.backups`)).toSorted()).toEqual([
    "2026-06-01T00-00-00Z.daily.db",
    "2026-06-02T00-00-00Z.daily.db",
    "2026-06-03T02-00-00Z.daily.db",
    "2026-06-04T00-00-00Z.daily.db",
  ]);
});

test("damage that the daily backup finds is told, and no backup is made of it", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  openStore({ path, access: "write" }).close();
  spoilTable(path, "finding");
  const store = openStore({ path, access: "read" });
  const log = vi.fn();
  const announce = vi.fn();
  const database = createDatabase({ store, damage: null, announce, log, now: () => new Date() });
  await database.backUpWhenDue();
  store.close();
  expect(log).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ message: expect.stringMatching(/no backup was made of .*: it is damaged: /) }),
  );
  expect(announce).toHaveBeenCalledExactlyOnceWith({ kind: "database-changed" });
  expect(await readdir(folder.path)).not.toContain("latchkey.db.backups");
});

test("a shell that stays and closes at once leaves no look behind", async () => {
  await using folder = await makeTemporaryFolder();
  const app = createApp({ databasePath: join(folder.path, "latchkey.db"), keepsBackups: true });
  await app[Symbol.asyncDispose]();
  expect(await readdir(folder.path)).not.toContain("latchkey.db.backups");
});

test("a database that is nowhere has no file to check or to back up", async () => {
  await using app = createApp({ databasePath: ":memory:" });
  await expect(app.client.database.check()).rejects.toMatchObject({ code: "not-found" });
  await expect(app.client.database.backUp()).rejects.toMatchObject({ code: "not-found" });
  expect(await app.client.database.backups()).toEqual([]);
});

function open(folder: string): App {
  const now = () => new Date("2026-06-01T00:00:00Z");
  return createApp({ databasePath: join(folder, "latchkey.db"), now });
}
