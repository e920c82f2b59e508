import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

test.skipIf(!canStartHosts())(
  "R15: of two Latchkeys that change one file at once, one is told so, and what the other has written stays",
  async ({ task }) => {
    await using first = await makeDesk();
    await using second = await makeDesk();
    await using probed = await startProbedHosts(first, {
      prepare: `echo '${second.publicKey}' >> /root/.ssh/authorized_keys`,
    });
    const [web] = probed.hosts;
    const guests = [await makeKeyLine("one@x"), await makeKeyLine("two@x")];
    await using one = first.open();
    await using two = second.open();
    const accounts = [{ host: web.address, port: 22, account: "deploy" }];
    const planned = [];
    for (const [index, app] of [one, two].entries()) {
      await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
      const key = guests[index]?.line ?? "";
      planned.push({ app, key, plan: await makePlan(app, { kind: "add-grants", key, accounts }) });
    }
    const runs = await Promise.all(
      planned.map(async ({ app, key, plan }) => ({ app, key, run: await carryOut(app, plan) })),
    );
    expect(runs.map(({ run }) => run.state).sort()).toEqual(["committed", "stopped"]);
    for (const { app, key, run } of runs) {
      if (run.state === "committed") continue;
      expect(run.message).toMatch(/may be at work there|changed by somebody else/);
      const request = { kind: "add-grants" as const, key, accounts };
      expect(await carryOut(app, request)).toMatchObject({ message: "", state: "committed" });
    }
    const lines = (await web.run("cat /home/deploy/.ssh/authorized_keys")).trim().split("\n");
    expect(lines.toSorted()).toEqual(
      [first.publicKey, probed.retained, ...guests.map(({ line }) => line)].toSorted(),
    );
    expect(await probed.listStrays(web)).toBe("");
    const seen = `one committed, the other told who or that the file has changed; no lost line; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R15", injected: "two Latchkeys, one file", seen });
  },
);
