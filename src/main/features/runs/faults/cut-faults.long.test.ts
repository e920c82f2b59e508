/** The connection to a host fails between a write and its verification. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { PlanId } from "#shared/model/runs/plan.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, openMeddled, startProbedHosts, startWay } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

lab(
  "R8: where all connections are reset after each rename, a new one finds what stands, verifies it, and goes on",
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

for (const phase of ["grant", "revoke"] as const)
  lab(
    `R8: where nothing passes any more after the rename (${phase}), the host itself takes it back, and a resume ends it`,
    async ({ task }) => {
      await using desk = await makeDesk();
      await using probed = await startProbedHosts(desk);
      const [web] = probed.hosts;
      await using way = await startWay(web);
      const steps = phase === "grant" ? [way.drop] : [() => undefined, way.drop];
      await using app = openMeddled(desk, { host: web, path: FILE, steps });
      const cut = await carryOut(app, await planOwnKey(app, desk, [way], { rollbackAfterSeconds: 30 }));
      expect(cut.state).toMatch(/^(stopped|needs-attention)$/);
      while (!(await probed.readKeys(web)).includes(desk.publicKey)) await pause(50);
      await probed.expectNobodyLockedOut();
      way.restore();
      const ended = await untilStill(app, async () => {
        await app.client.runs.resume({ runId: cut.id });
        return cut.id;
      });
      expect(ended).toMatchObject({ message: "", state: "committed" });
      expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(web)).toBe("");
      const seen = `${cut.message}; taken back by the host, then committed; ${await probed.expectNobodyLockedOut()}`;
      recordFault(task, { id: "R8", injected: `nothing passes after a rename (${phase})`, seen });
    },
  );

lab(
  "R8: where nothing passes any more once an account's first file is written, the host takes the file away, and a resume ends it",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: "useradd -m -s /bin/sh fresh; rm -rf /home/fresh/.ssh",
    });
    const [web] = probed.hosts;
    await using way = await startWay(web);
    const path = "/home/fresh/.ssh/authorized_keys";
    await using app = openMeddled(desk, { host: web, path, steps: [way.drop] });
    await scanAll(app, { text: `root@${way.address}:${way.port}`, only: "ssh", acceptNew: true });
    const accounts = [{ host: way.address, port: way.port, account: "fresh" }];
    const request = { kind: "add-grants" as const, key: desk.publicKey, accounts };
    const cut = await carryOut(app, await makePlan(app, request, { rollbackAfterSeconds: 30 }));
    expect(cut.state).toMatch(/^(stopped|needs-attention)$/);
    await web.run(`until [ ! -e ${path} ]; do sleep 0.1; done`);
    way.restore();
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: cut.id });
      return cut.id;
    });
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect(await web.run(`cat ${path}; ls -A /home/fresh/.ssh`)).toBe(`${desk.publicKey}\nauthorized_keys\n`);
    const seen = `${cut.message}; taken away by the host, then committed; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R8", injected: "nothing passes after a first file is written", seen });
  },
);

lab(
  "R8: where nothing passes any more once the lines of an account are gone, the host puts them back, others have changed meanwhile what they may, and a resume ends it",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: `${letIn(desk.publicKey, "app")}\nchown -R app:app /home/app/.ssh; usermod -aG games app; useradd zed`,
    });
    const [web] = probed.hosts;
    await using way = await startWay(web);
    const planId = await planRemovalBy(desk, way);
    const before = await web.run("cat /etc/passwd /etc/shadow");
    const path = "/etc/passwd";
    await using app = openMeddled(desk, { host: web, path, steps: [way.drop] });
    const cut = await carryOut(app, await app.client.runs.findPlan({ planId }));
    expect(cut.state).toMatch(/^(stopped|needs-attention)$/);
    await web.run("until grep -q ^app: /etc/passwd; do sleep 0.1; done");
    expect(await web.run("cat /etc/passwd /etc/shadow")).toBe(before);
    await web.run("usermod -aG games zed");
    way.restore();
    const ended = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: cut.id });
      return cut.id;
    });
    expect(ended).toMatchObject({ message: "", state: "rolled-back" });
    expect(await web.run("id -nG app; id -nG zed")).toMatch(/games.*\n.*games/);
    expect(await web.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");
    const seen = `${cut.message}; put back by the host; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R8", injected: "nothing passes after the lines of an account are gone", seen });
  },
);

/** Of app, disabled by a run whose days are over at once. */
async function planRemovalBy(
  desk: Desk,
  { address, port }: { address: string; port: number },
): Promise<PlanId> {
  await using app = desk.open();
  await scanAll(app, { text: `root@${address}:${port}`, only: "ssh", acceptNew: true });
  const accounts = [{ host: address, port, account: "app" }];
  const disabled = await carryOut(
    app,
    await makePlan(app, { kind: "disable-account", accounts }, { graceDays: 0 }),
  );
  const options = { rollbackAfterSeconds: 30, undoHours: 24 };
  return (await makePlan(app, { kind: "remove-account", runId: disabled.id }, options)).id;
}
