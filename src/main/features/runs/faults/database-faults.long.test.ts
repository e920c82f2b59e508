/** Our own database fails once a file of a host has changed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startChild } from "#testing/faults/child.ts";
import { type FaultRow, recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { standStillAfter, untilEnded } from "#testing/runs/start-run-child.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

/** Begins to write once the transaction under way has ended. */
const BEGIN = `
  const { default: Sqlite } = await import("better-sqlite3");
  const { openSync, statSync, writeSync } = await import("node:fs");
  const path = process.env.LATCHKEY_TEST_DB;
  const db = new Sqlite(path, { timeout: 60_000 });
  process.stdout.write("ready\\n");
  db.exec("BEGIN IMMEDIATE");`;

/** Keeps that transaction open until there is input, which never comes: an unused connection would be closed. */
const HOLD = `${BEGIN}
  process.stdout.write("done\\n");
  process.stdin.once("data", () => db.close());`;

/** Overwrites every page but the first, and makes every process that has read some of them read them again. */
const SPOIL = `${BEGIN}
  db.pragma("user_version = " + db.pragma("user_version", { simple: true }));
  db.exec("COMMIT");
  db.pragma("wal_checkpoint(TRUNCATE)");
  const size = db.pragma("page_size", { simple: true });
  writeSync(openSync(path, "r+"), Buffer.alloc(statSync(path).size - size, 0xff), 0, undefined, size);
  process.stdout.write("done\\n");`;

/** Another process at our database: it prints `ready`, and then `done`. */
const startStranger = ({ databasePath }: Desk, does: string) =>
  startChild({
    script: "--input-type=module",
    args: ["-e", does],
    env: { LATCHKEY_TEST_DB: databasePath },
  });

/** From now on every fsync of the database fails for this process. */
async function failSyncs(pid: number, { databasePath }: Desk): Promise<void> {
  const places = ["-P", databasePath, "-P", `${databasePath}-wal`];
  const inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"];
  const strace = spawn("strace", ["-f", "-o", "/dev/null", ...places, ...inject, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said] = await once(strace.stderr.setEncoding("utf8"), "data");
  expect(said).toContain("attached");
}

type World = Awaited<ReturnType<typeof makeWorld>>;

async function makeWorld() {
  await using stack = new AsyncDisposableStack();
  const desk = stack.use(await makeDesk());
  const probed = stack.use(await startProbedHosts(desk, { names: ["one", "two"] }));
  const { script } = stack.use(await bundleRunChild());
  const before = await Promise.all(probed.hosts.map(probed.readKeys));
  const planned = await (async () => {
    await using app = desk.open();
    return await planOwnKey(app, desk, probed.hosts);
  })();
  const [one, two = one] = probed.hosts;
  const [first, second] = planned.plan?.hosts[0]?.host === one.address ? [one, two] : [two, one];
  const owned = stack.move();
  const request = { desk, planId: planned.id, script, file: `${first.root}${FILE}` };
  return { desk, probed, before, request, first, second, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The first host has both lines, and the second is as it was. */
async function expectFirstFinished({ probed, before, desk, first, second }: World): Promise<void> {
  const [one] = probed.hosts;
  expect(await probed.readKeys(second)).toBe(before[second === one ? 0 : 1]);
  const keys = await probed.readKeys(first);
  expect(keys.split("\n").filter((line) => line !== "")).toHaveLength(5);
  expect(keys).toContain(desk.publicKey);
}

async function goOn({ desk, probed }: World): Promise<{ state: string; message: string }> {
  await using app = desk.open();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  const ended = await untilStill(app, async () => {
    await app.client.runs.resume({ runId: last.id });
    return last.id;
  });
  expect(ended).toMatchObject({ message: "", state: "committed" });
  for (const host of probed.hosts) {
    expect(await probed.readKeys(host)).not.toContain(desk.publicKey);
    expect(await probed.listStrays(host)).toBe("");
  }
  return last;
}

const saw = async ({ probed }: World, injected: string, seen: string): Promise<FaultRow> => ({
  id: "R17",
  injected: `${injected} after a write on a host`,
  seen: `the host is finished, no other begun; ${seen}; ${await probed.expectNobodyLockedOut()}`,
});

lab(
  "R17: where another process holds the database within a run, the host under way is finished, and it goes on afterwards",
  { timeout: 1_200_000 },
  async ({ task }) => {
    await using world = await makeWorld();
    await using stack = new AsyncDisposableStack();
    let holder: ReturnType<typeof startStranger> | null = null;
    await standStillAfter(world.request, {
      strike: async () => {
        holder = stack.use(startStranger(world.desk, HOLD));
        await holder.said("ready");
      },
      async watch(child) {
        await holder?.said("done");
        await child.said("waits");
        await expectFirstFinished(world);
        await holder?.kill();
        await untilEnded(child);
      },
    });
    const { state, message } = await goOn(world);
    expect({ state, message }).toEqual({
      state: "paused",
      message: expect.stringContaining("is in use by another process"),
    });
    recordFault(
      task,
      await saw(world, "a second writer that never ends", `paused: ${message}; then committed`),
    );
  },
);

lab(
  "R17: where the disk fails under the database within a run, the host under way is finished, and Latchkey goes on when it is started again",
  { timeout: 1_200_000 },
  async ({ task }) => {
    await using world = await makeWorld();
    await standStillAfter(world.request, {
      strike: (pid) => failSyncs(pid, world.desk),
      async watch(child) {
        await child.said("waits");
        await expectFirstFinished(world);
      },
    });
    const { state } = await goOn(world);
    expect(state).toBe("interrupted");
    recordFault(task, await saw(world, "EIO on every fsync (strace)", "committed once it was started again"));
  },
);

lab(
  "R17: where the database is damaged within a run, the host under way is finished, and that it is damaged is said",
  { timeout: 1_200_000 },
  async ({ task }) => {
    await using world = await makeWorld();
    await using stack = new AsyncDisposableStack();
    let spoiler: ReturnType<typeof startStranger> | null = null;
    await standStillAfter(world.request, {
      strike: async () => {
        spoiler = stack.use(startStranger(world.desk, SPOIL));
        await spoiler.said("ready");
      },
      async watch(child) {
        await spoiler?.said("done");
        await child.said("waits");
        await expectFirstFinished(world);
      },
    });
    expect(world.desk.open).toThrow("is damaged");
    recordFault(task, await saw(world, "all pages but one overwritten", "told as damaged at the next start"));
  },
);
