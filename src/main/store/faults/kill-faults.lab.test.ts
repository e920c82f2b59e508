import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { listBackups } from "#store/backups/backup-files.ts";
import { restoreDatabase } from "#store/backups/restore-database.ts";
import { makeBackup } from "#store/backups/run-aside.ts";
import { openStore } from "#store/store.ts";
import { findInconsistencies } from "#store/testing/consistent.ts";
import { MADE_UP } from "#store/testing/made-up-step.ts";
import { START, visitEndpoint } from "#store/testing/make-visit.ts";
import { makeOlder } from "#store/testing/older.ts";
import { bundleChild } from "#testing/faults/bundle-child.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { findMoments, killAt, type Moment, pick } from "#testing/faults/kill-scan.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const PROBER = new URL("../testing/visitor.ts", import.meta.url);
const UPGRADER = new URL("../testing/upgrader.ts", import.meta.url);
const RESTORER = new URL("../testing/restorer.ts", import.meta.url);

/*
 * A process is killed before its nth write, sync, rename, link or removal: here at some such moments, in the long form
 * of this file at each.
 */
const MOMENTS = Number(process.env.LATCHKEY_TEST_MOMENTS ?? 10);
/** In the long form there are more than a thousand. */
const LIMIT = Number.isFinite(MOMENTS) ? {} : { timeout: 3_600_000 };

test(
  "S19: a scan that is killed at any write leaves all of a batch or none of it, and is shown interrupted",
  LIMIT,
  async ({ task }) => {
    const killed = await sweep(PROBER, prepareEmpty, async (path, { lines }) => {
      expect(inspect(path)).toEqual([]);
      const visits = count(path, "probe");
      const [last = 0] = lines.map(Number).filter(Number.isFinite).slice(-1);
      expect(visits % 12).toBe(0);
      expect(visits).toBeGreaterThanOrEqual(last);
      await using app = createApp({ databasePath: path });
      expect(app.warnings).toEqual([]);
      const { rows } = await app.client.scans.list({});
      const state = lines.includes("done") ? "finished" : expect.stringMatching("interrupted|finished");
      expect(rows.map((scan) => scan.state)).toEqual(rows.map(() => state));
      if (lines.includes("begun")) expect(rows).toHaveLength(1);
      expect(await app.client.auditLog.verify()).toMatchObject({ brokenAt: null });
    });
    recordFault(task, {
      id: "S19",
      injected: `SIGKILL at ${killed} writes of a scan (strace)`,
      seen: "batches whole or absent, counts right, record whole, scan interrupted",
    });
  },
);

test(
  "B6: a migration that is killed at any write leaves the old schema or the new, with a backup before it",
  LIMIT,
  async ({ task }) => {
    const killed = await sweep(UPGRADER, makeOlder, async (path) => {
      const schema = schemaOf(path);
      const backups = listBackups(path);
      expect(backups.filter(({ problem }) => problem !== null)).toEqual([]);
      if (schema > 1) expect(backups).toMatchObject([{ reason: "before-migration", schema: 1 }]);
      const store = openStore({ path, access: "write", schema: MADE_UP });
      expect(store.facts()).toMatchObject({ schema: MADE_UP.version });
      expect(store.scans.latest()).toMatchObject({ total: 7 });
      store.close();
      expect(inspect(path)).toEqual([]);
      expect((await readdir(`${path}.backups`)).filter((name) => name.endsWith(".unfinished"))).toEqual([]);
    });
    recordFault(task, {
      id: "B6",
      injected: `SIGKILL at ${killed} writes of a migration (strace)`,
      seen: "old or new schema, all rows kept, backup whole or absent",
    });
  },
);

test(
  "B6: a restore that is killed at any write leaves the one database or the other, and goes through when it is done again",
  LIMIT,
  async ({ task }) => {
    const prepare = async (path: string) => {
      const store = openStore({ path, access: "write" });
      visitEndpoint(store, "kept");
      await makeBackup(path, { at: START, reason: "daily" });
      visitEndpoint(store, "newer");
      store.close();
    };
    const killed = await sweep(RESTORER, prepare, async (path) => {
      expect([1, 2]).toContain(count(path, "probe"));
      const hadBoth = count(path, "probe") === 2;
      restoreDatabase({ database: path, from: "latest", at: START });
      expect(inspect(path)).toEqual([]);
      expect(count(path, "probe")).toBe(1);
      const aside = (await readdir(join(path, ".."))).filter((name) => name.includes(".before-restore-"));
      expect(aside.map((name) => count(join(path, "..", name), "probe"))).toContain(2);
      if (hadBoth) expect(existsSync(`${path}.restoring`)).toBe(false);
    });
    recordFault(task, {
      id: "B6",
      injected: `SIGKILL at ${killed} writes of a restore (strace)`,
      seen: "the one or the other; what was there is kept; done again it goes through",
    });
  },
);

function prepareEmpty(path: string): void {
  openStore({ path, access: "write" }).close();
}

type Check = (path: string, said: { lines: string[] }) => Promise<void>;

/** Kills the script once at each moment, on a copy of what was prepared; returns how often it did. */
async function sweep(
  script: URL,
  prepare: (path: string) => void | Promise<void>,
  check: Check,
): Promise<number> {
  await using folder = await makeTemporaryFolder();
  const child = await bundleChild(script, join(folder.path, "bundle"));
  const original = join(folder.path, "original");
  await mkdir(original);
  await prepare(join(original, "latchkey.db"));

  const runOn = async (name: string) => {
    const copy = join(folder.path, name);
    await copyFolder(original, copy);
    return {
      path: join(copy, "latchkey.db"),
      child: { script: child, env: envFor(join(copy, "latchkey.db")) },
    };
  };
  const whole = await runOn("whole");
  const moments = pick(await findMoments(whole.child, folder.path), MOMENTS);
  await check(whole.path, { lines: ["done"] });

  const left = moments.values();
  const work = async () => {
    for (const moment of left) await atMoment(moment);
  };
  await Promise.all([work(), work()]);
  return moments.length;

  async function atMoment(moment: Moment): Promise<void> {
    const { path, child } = await runOn(`${moment.call}-${moment.nth}`);
    const { signal, lines } = await killAt(moment, child);
    expect({ moment, signal }).toEqual({ moment, signal: "SIGKILL" });
    await check(path, { lines });
  }
}

const envFor = (path: string) => ({ LATCHKEY_TEST_DB: path, LATCHKEY_TEST_EVENTS: "0" });

async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    await (entry.isDirectory() ? copyFolder(source, target) : copyFile(source, target));
  }
}

/** Reads the database as the next process would find it, with no rule of this program applied. */
function look<T>(path: string, at: (db: Sqlite.Database) => T): T {
  const db = new Sqlite(path);
  try {
    return at(db);
  } finally {
    db.close();
  }
}

const inspect = (path: string): string[] =>
  look(path, (db) => findInconsistencies((sql) => db.prepare(sql).all()));

const schemaOf = (path: string): number =>
  look(path, (db) => Number(db.pragma("user_version", { simple: true })));

const count = (path: string, table: string): number =>
  look(path, (db) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()));
