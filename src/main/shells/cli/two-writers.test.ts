import { rename } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DatabaseHeld } from "#shared/model/refusal.ts";
import { reachOwner } from "#shells/socket/reach-owner.ts";
import { socketFolderOf } from "#shells/socket/socket-folder.ts";
import { openStore } from "#store/store.ts";
import { findInconsistencies } from "#store/testing/consistent.ts";
import { bundleChild } from "#testing/faults/bundle-child.ts";
import { startChild } from "#testing/faults/child.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/* A window and command lines, each in a process of its own; the long form of this file goes on for a minute. */
const SECONDS = process.env.LATCHKEY_TEST_SECONDS;
const EACH = SECONDS === undefined ? { LATCHKEY_TEST_WRITES: "25" } : { LATCHKEY_TEST_SECONDS: SECONDS };
const TIMEOUT_MS = SECONDS === undefined ? 60_000 : (Number(SECONDS) + 120) * 1_000;
const isWindows = process.platform === "win32";

let bundles: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let scripts: { window: string; commands: string };
beforeAll(async () => {
  bundles = await makeTemporaryFolder();
  const bundle = (name: string) =>
    bundleChild(new URL(`../../testing/both/${name}.ts`, import.meta.url), join(bundles.path, name));
  scripts = { window: await bundle("hold-database"), commands: await bundle("type-commands") };
}, 120_000);
afterAll(() => bundles.remove());

const startWindow = async (path: string, env: Record<string, string> = {}) => {
  const window = startChild({ script: scripts.window, env: { LATCHKEY_TEST_DB: path, ...env } });
  await window.said("holds");
  return window;
};
const startCommands = (path: string, name: string) =>
  startChild({
    script: scripts.commands,
    env: { LATCHKEY_TEST_DB: path, LATCHKEY_TEST_NAME: name, ...EACH },
  });
const lastOf = (lines: readonly string[]) => JSON.parse(lines.at(-1) ?? "{}");

/** Every target that was acknowledged is there, with its event, and the chain of events is whole. */
function expectAll(path: string, counts: Record<string, number>): void {
  const store = openStore({ path, access: "write" });
  const names = store.targets.list().map(({ target }) => target.host);
  const expected = Object.entries(counts).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => `${name}-${at}.example`),
  );
  expect(names.toSorted()).toEqual(expected.toSorted());
  expect({ events: store.events.count(), brokenAt: store.events.findBreak(), loss: store.loss }).toEqual({
    events: expected.length,
    brokenAt: null,
    loss: null,
  });
  store.close();
  const file = new Sqlite(path);
  expect(findInconsistencies((sql) => file.prepare(sql).all())).toEqual([]);
  file.close();
}

test.skipIf(isWindows)(
  "a window and two command lines write at once: nothing is refused, nothing is lost, and the hash chain is whole",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using window = await startWindow(path);
    window.tell("write");
    await using one = startCommands(path, "one");
    await using other = startCommands(path, "other");
    const [first, second] = await Promise.all([one.ended, other.ended]);
    for (const { complaints } of [first, second]) expect(complaints).toBe("");
    window.tell("end");
    const { lines } = await window.ended;
    const [a, b, c] = [lastOf(first.lines), lastOf(second.lines), lastOf(lines)];
    expect([...a.refused, ...b.refused]).toEqual([]);
    for (const { acknowledged } of [a, b, c]) expect(acknowledged).toBeGreaterThan(0);
    expectAll(path, { one: a.acknowledged, other: b.acknowledged, window: c.acknowledged });
  },
  TIMEOUT_MS,
);

test.skipIf(isWindows)(
  "so do two command lines where no window is open: each waits for the other's command",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using one = startCommands(path, "one");
    await using other = startCommands(path, "other");
    const [a, b] = (await Promise.all([one.ended, other.ended])).map(({ lines }) => lastOf(lines));
    expect([...a.refused, ...b.refused]).toEqual([]);
    expectAll(path, { one: a.acknowledged, other: b.acknowledged });
  },
  TIMEOUT_MS,
);

test.skipIf(isWindows)(
  "the socket of a process that was killed keeps nobody from writing, and is replaced",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using killed = await startWindow(path);
    await killed.kill();
    const held = new DatabaseHeld(path, "a dead process");
    expect(await reachOwner(held)).toBeNull();
    const type = openTerminal(path, { lockWaitMs: 0 });
    expect(await type("targets", "add", "web1.example:443")).toMatchObject({ code: 0 });

    await using window = await startWindow(path);
    expect(await type("targets", "add", "web2.example:443")).toMatchObject({ code: 0 });
    using owner = await reachOwner(held);
    expect(owner?.pid).toBe(window.pid);
  },
);

test.skipIf(isWindows)(
  "a process that hangs is waited for no longer than it should take, before and within a call",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using window = await startWindow(path);
    const held = new DatabaseHeld(path, `process ${window.pid}`);
    using owner = await reachOwner(held, { pingMs: 200 });
    window.freeze();
    await expect(owner?.client.targets.list()).rejects.toThrow(
      `process ${window.pid}, which holds ${path}, does not answer any more; what it had begun may be incomplete`,
    );
    await expect(owner?.client.targets.list()).rejects.toThrow("does not answer any more");
    await expect(reachOwner(held, { handshakeMs: 50 })).rejects.toThrow(
      `${path} is held by process ${window.pid}, which does not answer; nothing was changed: wait, or end that process`,
    );
  },
);

test.skipIf(isWindows)(
  "a process that dies within a call is named, and so is what may be incomplete",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using window = await startWindow(path);
    using owner = await reachOwner(new DatabaseHeld(path, "it"));
    const announcements = await owner?.client.events.watch();
    await owner?.client.runs.openPlans({});
    const why = `process ${window.pid}, which holds ${path}, has hung up before the work was done`;
    const failing = expect(announcements?.next()).rejects.toThrow(why);
    await window.kill();
    await failing;
    await expect(owner?.client.targets.list()).rejects.toThrow(
      `${why}; what it had begun may be incomplete: see latchkey runs list`,
    );
  },
);

test.skipIf(isWindows)("a window of another version is named, and gets no call of this one's", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  await using window = await startWindow(path, { LATCHKEY_TEST_VERSION: "0.0.9" });
  expect(await openTerminal(path)("targets", "add", "web1")).toEqual({
    code: 3,
    out: "",
    err: expect.stringMatching(
      new RegExp(
        `^latchkey: ${path} is held by process ${window.pid} since \\S+, which is Latchkey 0\\.0\\.9 and cannot do the work of this one \\(0\\.1\\.0\\); close it, or use the same one here$`,
      ),
    ),
  });
  expect(await openTerminal(path)("targets", "list")).toMatchObject({ code: 0 });
});

test.skipIf(isWindows)(
  "a window whose socket's folder somebody has taken away is named as before",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "latchkey.db");
    await using window = await startWindow(path);
    await rename(socketFolderOf(path), join(folder.path, "away"));
    expect((await openTerminal(path, { lockWaitMs: 0 })("targets", "add", "web1")).err).toContain(
      `${path} is held by process ${window.pid}`,
    );
  },
);
