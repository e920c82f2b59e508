/** What happens to the way to a host between a write and its proof. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { startWay } from "#testing/runbooks/cut-way.ts";
import { carryOut, untilStill } from "#testing/runbooks/follow.ts";
import { openMeddled } from "#testing/runbooks/meddle.ts";
import { planOwnKey } from "#testing/runbooks/own-key.ts";
import { FILE, startProbedHosts } from "#testing/runbooks/probed-hosts.ts";

const lab = test.skipIf(!canStartHosts());

lab(
  "R8: where all connections are reset after each rename, a new one finds what stands, proves it, and goes on",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const [web] = probed.hosts;
    await using way = await startWay(web);
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [way.reset, way.reset] });
    const ended = await carryOut(app, await planOwnKey(app, desk, [way]));
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
    expect(await probed.listStrays(web)).toBe("");
    const seen = `committed by new connections; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R8", injected: "TCP reset after each rename", seen });
  },
);

for (const phase of ["add", "remove"] as const)
  lab(
    `R8: where nothing passes any more after the rename (${phase}), the host itself takes it back, and a resume ends it`,
    async ({ task }) => {
      await using desk = await makeDesk();
      await using probed = await startProbedHosts(desk);
      const [web] = probed.hosts;
      await using way = await startWay(web);
      const steps = phase === "add" ? [way.drop] : [() => undefined, way.drop];
      await using app = openMeddled(desk, { host: web, path: FILE, steps });
      const cut = await carryOut(app, await planOwnKey(app, desk, [way], { deadManSeconds: 30 }));
      expect(cut.state).toMatch(/^(stopped|needs-attention)$/);
      while (!(await probed.readKeys(web)).includes(desk.publicKey)) await pause(50);
      await probed.expectNobodyLockedOut();
      way.restore();
      const ended = await untilStill(app, async () => {
        await app.client.runbooks.resume({ runId: cut.id });
        return cut.id;
      });
      expect(ended).toMatchObject({ message: "", state: "committed" });
      expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(web)).toBe("");
      const seen = `${cut.message}; taken back by the host, then committed; ${await probed.expectNobodyLockedOut()}`;
      recordFault(task, { id: "R8", injected: `nothing passes after a rename (${phase})`, seen });
    },
  );
