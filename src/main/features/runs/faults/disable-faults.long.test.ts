import { expect, test } from "vitest";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { killRunAt } from "#testing/runs/start-run-child.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

/** Latchkey is killed after its nth journal entry: after each, or (`few`) after some. */
const isFew = process.env.LATCHKEY_TEST_MOMENTS === "few";
const MOMENTS = isFew ? [2, 4, 7, 12, 17] : Array.from({ length: 100 }, (_, index) => index + 1);

test.skipIf(!canStartHosts())(
  "R29: accounts that are disabled on three hosts by a run that is killed at any step lock nobody else out, and are disabled by one resume or restored by one roll-back",
  { timeout: 3_600_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      names: ["one", "two", "three"],
      prepare: `${letIn(desk.publicKey, "app", "/bin/bash")}
        chown -R app:app /home/app/.ssh
        echo 'app:old secret' | chpasswd`,
    });
    await using child = await bundleRunChild();
    const before = await Promise.all(probed.hosts.map(readAccount));
    const ends = { waiting: 0, "rolled-back": 0 };
    for (const nth of MOMENTS) {
      const planId = await planAll(desk, probed.hosts);
      const entries = await killRunAt({ desk, planId, script: child.script }, nth);
      const resumes = nth % 2 === 0 && entries === null;
      if (resumes) {
        expect(await goOn(desk, "resume"), `point ${nth}`).toBe("waiting");
        for (const host of probed.hosts) {
          expect(await readAccount(host), `point ${nth}`).toMatch(/^app:.*nologin\napp:!\$.*:1:\n$/);
          expect(await probed.listStrays(host), `point ${nth}`).toBe("");
        }
        ends.waiting++;
      }
      expect(await goOn(desk, "rollBack"), `point ${nth}`).toBe("rolled-back");
      expect(await Promise.all(probed.hosts.map(readAccount)), `point ${nth}`).toEqual(before);
      for (const host of probed.hosts) {
        expect(await probed.listStrays(host), `point ${nth}`).toBe("");
        expect(await host.run("ls /var/lib/latchkey 2>/dev/null || :"), `point ${nth}`).toBe("");
      }
      if (entries !== null) break;
      ends["rolled-back"]++;
    }
    const seen = `${ends.waiting} disabled and ${ends["rolled-back"]} restored, to the byte, 0 stray; ${await probed.expectNobodyLockedOut()}`;
    expect(ends["rolled-back"]).toBeGreaterThan(isFew ? 3 : 20);
    recordFault(task, {
      id: "R29",
      injected: `SIGKILL at ${ends["rolled-back"]} entries of the journal`,
      seen,
    });
  },
);

test.skipIf(!canStartHosts())(
  "R30: accounts that are removed on three hosts by a run that is killed at any step lock nobody else out, and are removed by one resume, and there again to the byte by one undo or one roll-back",
  { timeout: 3_600_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      names: ["one", "two", "three"],
      prepare: `${letIn(desk.publicKey, "app", "/bin/bash")}
        chown -R app:app /home/app/.ssh
        echo 'app:old secret' | chpasswd
        usermod -aG games app
        useradd zed`,
    });
    await using child = await bundleRunChild();
    const disabling = await disableAll(desk, probed.hosts);
    const before = await Promise.all(probed.hosts.map(readFiles));
    const ends = { removed: 0, "rolled-back": 0 };
    for (const nth of MOMENTS) {
      const planId = await planRemoval(desk, disabling);
      const entries = await killRunAt({ desk, planId, script: child.script }, nth);
      const removes = entries !== null || nth % 2 === 0;
      if (removes) {
        expect(await goOn(desk, "resume"), `point ${nth}`).toBe("committed");
        for (const host of probed.hosts) {
          expect(await host.run(IS_GONE), `point ${nth}`).toBe("gone\n");
          expect(await probed.listStrays(host), `point ${nth}`).toBe("");
        }
        ends.removed++;
      }
      const back = removes ? "undo" : "rollBack";
      expect(await goOn(desk, back), `point ${nth}`).toBe("rolled-back");
      expect(await Promise.all(probed.hosts.map(readFiles)), `point ${nth}`).toEqual(before);
      for (const host of probed.hosts) {
        expect(await probed.listStrays(host), `point ${nth}`).toBe("");
        expect(await host.run("ls /var/lib/latchkey 2>/dev/null || :"), `point ${nth}`).toBe("");
      }
      if (entries !== null) break;
      ends["rolled-back"]++;
    }
    const seen = `${ends.removed} removed, ${ends["rolled-back"]} killed and all there again to the byte, 0 stray; ${await probed.expectNobodyLockedOut()}`;
    // Three hosts with two steps each, and of each step an entry as it begins and one as it ends.
    expect(ends["rolled-back"]).toBe(isFew ? 4 : 12);
    recordFault(task, {
      id: "R30",
      injected: `SIGKILL at ${ends["rolled-back"]} entries of the journal`,
      seen,
    });
  },
);

const IS_GONE =
  "grep -w app /etc/passwd /etc/shadow /etc/group /etc/gshadow || getent passwd app || { test -d /home/app && echo gone; }";

const readFiles = (host: LabHost): Promise<string> =>
  host.run(
    "cat /etc/passwd /etc/shadow /etc/group /etc/gshadow; stat -c '%a %U %G' /etc/passwd /etc/shadow /etc/group /etc/gshadow",
  );

/** The run that has disabled the accounts, and whose days are over at once. */
async function disableAll(desk: Desk, hosts: readonly LabHost[]): Promise<RunId> {
  const planId = await planAll(desk, hosts, 0);
  await using app = desk.open();
  const run = await carryOut(app, await app.client.runs.findPlan({ planId }));
  expect(run.state).toBe("waiting");
  return run.id;
}

async function planRemoval(desk: Desk, runId: RunId): Promise<number> {
  await using app = desk.open();
  const { id } = await makePlan(app, { kind: "remove-account", runId }, { undoHours: 24 });
  return id;
}

const readAccount = (host: LabHost): Promise<string> =>
  host.run("grep ^app: /etc/passwd; grep ^app: /etc/shadow; cat /home/app/.ssh/authorized_keys");

async function planAll(desk: Desk, hosts: readonly LabHost[], graceDays = 7): Promise<PlanId> {
  await using app = desk.open();
  const text = hosts.map(({ address }) => `root@${address}`).join("\n");
  await scanAll(app, { text, only: "ssh", acceptNew: true });
  const accounts = hosts.map(({ address }) => ({ host: address, port: 22, account: "app" }));
  const { id } = await makePlan(app, { kind: "disable-account", accounts }, { graceDays });
  return id;
}

async function goOn(desk: Desk, how: "resume" | "rollBack" | "undo"): Promise<string> {
  await using app = desk.open();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  if (last.state === "rolled-back" && how === "rollBack") return last.state;
  if (last.state === "committed" && how === "resume") return last.state;
  // Killed as it ended, before or after that was written, it is undone.
  const { undoUntil } = await app.client.runs.find({ runId: last.id });
  const act = undoUntil !== null && how === "rollBack" ? "undo" : how;
  const { state, message } = await untilStill(app, async () => {
    await app.client.runs[act]({ runId: last.id });
    return last.id;
  });
  return state === "needs-attention" || state === "stopped" ? `${state}: ${message}` : state;
}
