import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { findInconsistencies } from "#store/testing/consistent.ts";
import { START } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { bundleChild } from "#testing/faults/bundle-child.ts";
import { startChild } from "#testing/faults/child.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const WRITER = new URL("../testing/writer.ts", import.meta.url);
const TAKER = new URL("../testing/taker.ts", import.meta.url);
const STRANGER = new URL("../testing/stranger.ts", import.meta.url);

/* Here two processes open the database some times in turn; in the long form of this file they do so for ten minutes. */
const SECONDS = process.env.LATCHKEY_TEST_SECONDS;
const TIMEOUT_MS = SECONDS === undefined ? 60_000 : (Number(SECONDS) + 120) * 1_000;

test("B9: another process is named as the holder; killed at any moment, it loses nothing it has acknowledged", async () => {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(WRITER, join(folder.path, "bundle"));
  const path = join(folder.path, "latchkey.db");
  await using writer = startChild({ script, env: { LATCHKEY_TEST_DB: path } });
  await writer.said("50");
  expect(() => openStore({ path, access: "write" })).toThrow(`is held by process ${writer.pid} since`);

  await writer.kill();
  const store = openStore({ path, access: "write" });
  expect(store.events.findBreak()).toBeNull();
  expect(store.events.count()).toBeGreaterThanOrEqual(Number(writer.lines.at(-1)));
  store.close();
});

test(
  "B9: two processes that write by turns both get theirs, and every write of each is there",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const script = await bundleChild(TAKER, join(folder.path, "bundle"));
    const path = join(folder.path, "latchkey.db");
    openStore({ path, access: "write" }).close();
    const turns = SECONDS === undefined ? { LATCHKEY_TEST_TURNS: "10" } : { LATCHKEY_TEST_SECONDS: SECONDS };
    const env = { LATCHKEY_TEST_DB: path, ...turns };
    await using desktop = startChild({ script, env });
    await using commandLine = startChild({ script, env });

    const done = (await Promise.all([desktop.ended, commandLine.ended])).map(({ lines, complaints }) => {
      expect(complaints).toBe("");
      return JSON.parse(lines.at(-1) ?? "");
    });
    const acknowledged = done.map((each) => Number(each.acknowledged));
    expect(Math.min(...acknowledged)).toBeGreaterThan(0);

    const store = openStore({ path, access: "write" });
    expect({ count: store.events.count(), brokenAt: store.events.findBreak(), loss: store.loss }).toEqual({
      count: acknowledged.reduce((sum, each) => sum + each, 0),
      brokenAt: null,
      loss: null,
    });
    store.close();
    const hands = new Sqlite(path);
    expect(findInconsistencies((sql) => hands.prepare(sql).all())).toEqual([]);
    hands.close();
    recordFault(task, {
      id: "B9",
      injected: `two processes write by turns${SECONDS === undefined ? "" : ` for ${SECONDS} s`}`,
      seen: `${acknowledged.join(" and ")} writes, 0 lost; ${done.map(({ refused }) => refused).join(" and ")} times told who writes; integrity ok`,
    });
  },
  TIMEOUT_MS,
);

test("B2: a write waits until another one has ended, whoever that is, and both are there", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(STRANGER, join(folder.path, "bundle"));
  using database = openFile(folder.path);
  const { path, store } = database;
  await using stranger = startChild({ script, env: { LATCHKEY_TEST_DB: path } });
  await stranger.said("held");
  store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: {} }));
  await stranger.said("done");
  expect(database.read("SELECT count(*) AS theirs FROM stranger")).toEqual([{ theirs: 50_000 }]);
  expect(store.events.count()).toBe(1);
  recordFault(task, {
    id: "B2",
    injected: "a second writer in a transaction",
    seen: "waited for its turn; both are there",
  });
});

test("B2: no write of ours begins as a read, so that another one in between cannot make it fail", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { path, store } = database;
  const append = () => store.events.append({ at: START, kind: "scan-started", detail: {} });
  const stranger = new Sqlite(path, { timeout: 0 });
  const insert = () => stranger.exec("INSERT INTO cached_count (what, count) VALUES ('stranger', 1)");

  // The fault itself: a transaction that began as a read may not write any more, however long it waits.
  stranger.exec("BEGIN; SELECT count(*) FROM event");
  store.atomically(append);
  expect(codeOf(insert)).toBe("SQLITE_BUSY_SNAPSHOT");
  stranger.exec("ROLLBACK");

  store.atomically(() => {
    expect(store.events.count()).toBe(1);
    expect(codeOf(insert)).toBe("SQLITE_BUSY");
    append();
  });
  expect(store.events.count()).toBe(2);
  stranger.close();
  recordFault(task, {
    id: "B2",
    injected: "another writer between our read and our write",
    seen: "it has to wait (BEGIN IMMEDIATE); no BUSY_SNAPSHOT",
  });
});

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Sqlite.SqliteError ? error.code : String(error);
  }
}
