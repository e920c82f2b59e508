import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { killRunAt } from "#testing/runs/start-run-child.ts";
import { FILE, type ProbedHosts, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const resumed = (nth: number) => ({ nth, how: "resume" as const });
const takenBack = (nth: number) => ({ nth, how: "rollBack" as const });
const isWhole = process.env.LATCHKEY_TEST_MOMENTS === "all";
/**
 * Latchkey is killed after its nth journal entry: here after two, in the long form after each, both to resume and to
 * roll back.
 */
const MOMENTS = isWhole
  ? Array.from({ length: 200 }, (_, index) => [resumed(index + 1), takenBack(index + 1)]).flat()
  : [takenBack(8), resumed(15)];
/** The same for an undo. */
const UNDO_MOMENTS = isWhole ? Array.from({ length: 100 }, (_, index) => index + 1) : [9];
/** The longest time that one resume or roll-back may take on an idle machine: checked in the long form alone. */
const MOST_MS = 60_000;

test.skipIf(!canStartHosts())(
  "R1: a rotation that is killed at any step locks nobody out, and one resume or roll-back ends it",
  { timeout: 3_600_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    await using child = await bundleRunChild();
    await using world = await keepWorld(desk, probed);
    const { planId, before } = world;

    const ends = { committed: 0, "rolled-back": 0 };
    let longest = 0;
    for (const { nth, how } of MOMENTS) {
      const entries = await killRunAt({ desk, planId, script: child.script }, nth);
      if (entries !== null) break;
      const begun = performance.now();
      const state = await goOn(desk, how);
      if (how === "resume") expect(state, `point ${nth}`).toBe("committed");
      longest = Math.max(longest, performance.now() - begun);
      ends[state]++;
      const after = await Promise.all(probed.hosts.map(readFiles));
      if (state === "rolled-back") expect(after, `point ${nth}`).toEqual(before);
      else for (const said of after) expect(said, `point ${nth}`).not.toContain(desk.publicKey);
      for (const host of probed.hosts) {
        const lines = (await probed.readKeys(host)).split("\n").filter((line) => line !== "");
        expect(lines, `point ${nth}`).toHaveLength(3);
        expect(await probed.listStrays(host), `point ${nth}`).toBe("");
      }
      expect((await run("ls", ["-A", join(desk.home, ".ssh")])).stdout).toBe("id_ed25519\nid_ed25519.pub\n");
      await world.putBack();
    }
    const killed = ends.committed + ends["rolled-back"];
    expect(killed).toBe(isWhole ? Math.max(killed, 40) : MOMENTS.length);
    if (isWhole) expect(longest).toBeLessThan(MOST_MS);
    const seen = `${ends.committed} committed, ${ends["rolled-back"]} rolled back, by one command each (${Math.round(longest / 1_000)} s at most), 0 torn, 0 stray; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R1", injected: `SIGKILL at ${killed} entries of the journal`, seen });
  },
);

test.skipIf(!canStartHosts())(
  "R28: an undo that is killed at any step locks nobody out, and one more of it leaves every byte as it was",
  { timeout: 3_600_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    await using child = await bundleRunChild();
    const before = await Promise.all(probed.hosts.map(readFiles));
    const here = await listHere(desk);
    await using world = await keepWorld(desk, probed, { undoHours: 24 }, carryOut);
    const { planId, runId: undoes } = world;

    let killed = 0;
    for (const nth of UNDO_MOMENTS) {
      const entries = await killRunAt({ desk, planId, script: child.script, undoes }, nth);
      if (entries !== null) break;
      killed++;
      expect(await goOn(desk, "undo"), `point ${nth}`).toBe("rolled-back");
      expect(await Promise.all(probed.hosts.map(readFiles)), `point ${nth}`).toEqual(before);
      expect(await listHere(desk), `point ${nth}`).toBe(here);
      for (const host of probed.hosts) expect(await probed.listStrays(host), `point ${nth}`).toBe("");
      await world.putBack();
    }
    expect(killed).toBe(isWhole ? Math.max(killed, 15) : UNDO_MOMENTS.length);
    const seen = `${killed} undone by one more undo, every byte as it was, 0 stray; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R28", injected: `SIGKILL at ${killed} entries of the journal`, seen });
  },
);

/** The private key of the desk and what lies beside it: names, modes and bytes. */
const listHere = async (desk: Desk): Promise<string> =>
  (await run("sh", ["-c", 'cd "$1/.ssh" && stat -c "%n %a" * .l* 2>/dev/null; cat *', "sh", desk.home]))
    .stdout;

/** The bytes of both files, with owner and mode. */
const readFiles = ({ run: runThere }: ProbedHosts["hosts"][0]): Promise<string> =>
  runThere(`cd /; stat -c '%n %U:%G %a %h' root/.ssh root/.ssh/authorized_keys home/deploy/.ssh ${FILE}
    cat root/.ssh/authorized_keys ${FILE}`);

/**
 * One plan, and copies of the workstation and the hosts as they were when it was made; or, with `execute`, when its run
 * had finished.
 */
async function keepWorld(
  desk: Desk,
  probed: ProbedHosts,
  options: Parameters<typeof planOwnKey>[3] = {},
  execute: typeof carryOut | null = null,
) {
  const folder = await makeTemporaryFolder();
  const { planId, runId } = await (async () => {
    await using app = desk.open();
    const planned = await planOwnKey(app, desk, probed.hosts, options);
    return { planId: planned.id, runId: execute ? (await execute(app, planned)).id : 0 };
  })();
  const kept = join(folder.path, "home");
  await mkdir(kept);
  await run("cp", ["-a", `${desk.home}/.`, kept]);
  for (const host of probed.hosts)
    await host.run(`cp -p ${FILE} /opt/deploy; cp -p /root/.ssh/authorized_keys /opt/root`);
  return {
    planId,
    runId,
    before: await Promise.all(probed.hosts.map(readFiles)),
    async putBack(): Promise<void> {
      await run("sh", [
        "-c",
        'rm -rf "$1/.ssh" "$1"/latchkey.db* && cp -a "$2/." "$1"',
        "sh",
        desk.home,
        kept,
      ]);
      for (const host of probed.hosts)
        await host.run(`cp -p /opt/deploy ${FILE}.back && mv ${FILE}.back ${FILE}
          cd /root/.ssh && cp -p /opt/root back && mv back authorized_keys`);
    },
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

async function goOn(desk: Desk, how: "resume" | "rollBack" | "undo"): Promise<"committed" | "rolled-back"> {
  await using app = desk.open();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  if (last.state === "committed" && how !== "undo") return last.state;
  if (last.state === "rolled-back") return last.state;
  expect(last.state).toBe("interrupted");
  const { state, message } = await untilStill(app, async () => {
    await app.client.runs[how]({ runId: last.id });
    return last.id;
  });
  expect(message).toBe("");
  if (state !== "committed" && state !== "rolled-back") throw new Error(`it has ended as ${state}`);
  return state;
}
