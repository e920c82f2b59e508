import { readFile, rename } from "node:fs/promises";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { agreeTo, carryOut, makePlan, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { readKeysHere, UNDOABLE, undo } from "#testing/runs/undo-run.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

/** The Latchkey of the desk at another time. */
const openLater = ({ databasePath, workstation }: Desk, hours: number) =>
  createApp({ databasePath, workstation, now: () => new Date(Date.now() + hours * 3_600_000) });

test.skipIf(!canStartHosts())(
  "an undo changes nothing where somebody has edited a file since, says where, and goes through once that is put right",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    const { hosts, readKeys } = probed;
    const [first, second] = hosts;
    if (!second) throw new Error("two hosts were asked for");
    await using app = desk.open();
    const before = await Promise.all(hosts.map(readKeys));
    const done = await carryOut(app, await planOwnKey(app, desk, hosts, UNDOABLE));
    await second.run(`echo '# mine' >> ${FILE}`);
    const [after, here] = [await Promise.all(hosts.map(readKeys)), await readKeysHere(desk)];
    const refused = await undo(app, done.id);
    expect(refused).toMatchObject({ state: "committed", undoUntil: done.undoUntil });
    expect(refused.message).toContain(FILE);
    expect(await Promise.all(hosts.map(readKeys))).toEqual(after);
    expect(await readKeysHere(desk)).toEqual(here);
    await second.run(`sed -i '/# mine/d' ${FILE}`);
    expect(await undo(app, done.id)).toMatchObject({ state: "rolled-back" });
    expect(await Promise.all(hosts.map(readKeys))).toEqual(before);
    expect(await probed.listStrays(first)).toBe("");
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "where sshd refuses the old key though its line is back, an undo stops with both keys standing, and goes on once it is accepted",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: "touch /etc/ssh/revoked",
      sshdOptions: ["-o", "RevokedKeys=/etc/ssh/revoked"],
    });
    const [host] = probed.hosts;
    await using app = desk.open();
    const [before, here] = [await probed.readKeys(host), await readKeysHere(desk)];
    const done = await carryOut(app, await planOwnKey(app, desk, probed.hosts, UNDOABLE));
    const installed = await readKeysHere(desk);
    await host.run(`echo '${desk.publicKey}' > /etc/ssh/revoked`);
    const stuck = await undo(app, done.id);
    expect(stuck).toMatchObject({ state: "needs-attention" });
    expect(stuck.message).toContain("sshd refuses SHA256:");
    expect(await readKeysHere(desk)).toEqual(installed);
    const both = await probed.readKeys(host);
    for (const key of [here[1], installed[1]]) expect(both).toContain(key?.split(" ")[1]);
    await host.run(": > /etc/ssh/revoked");
    expect(await undo(app, done.id)).toMatchObject({ state: "rolled-back" });
    expect(await probed.readKeys(host)).toBe(before);
    expect(await readKeysHere(desk)).toEqual(here);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "a run is not undone where its old private key is gone, or another host answers in place of one of its own",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const [host] = probed.hosts;
    await using app = desk.open();
    const done = await carryOut(app, await planOwnKey(app, desk, probed.hosts, UNDOABLE));
    const after = await probed.readKeys(host);
    const kept = done.kept[0]?.kept ?? "";
    await rename(kept, `${kept}.elsewhere`);
    const gone = await undo(app, done.id);
    expect(gone).toMatchObject({ state: "committed" });
    expect(gone.message).toContain(kept);
    await rename(`${kept}.elsewhere`, kept);
    await host.run(
      "rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; kill -HUP $(cat /run/sshd.pid 2>/dev/null || pgrep -o sshd)",
    );
    const rebuilt = await undo(app, done.id);
    expect(rebuilt).toMatchObject({ state: "committed" });
    expect(rebuilt.message).toContain("not undone");
    expect(await probed.readKeys(host)).toBe(after);
  },
);

test.skipIf(!canStartHosts())(
  "whoever ends the days of grace early can undo the run for a day all the same, and only so: it is not rolled back",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const [host] = probed.hosts;
    await using app = desk.open();
    const before = await probed.readKeys(host);
    const planned = await planOwnKey(app, desk, probed.hosts, { graceDays: 7, undoHours: 24 });
    const { id: runId, state } = await carryOut(app, planned);
    expect(state).toBe("waiting");
    const done = await untilStill(app, async () => {
      await app.client.runs.resume({ runId, endsGrace: true, ...agreeTo(planned) });
      return runId;
    });
    expect(done).toMatchObject({ state: "committed", dueAt: null });
    expect(done.undoUntil).not.toBeNull();
    expect(done.kept).toHaveLength(1);
    await expect(app.client.runs.rollBack({ runId })).rejects.toThrow("has finished; undo it");
    expect(await undo(app, runId)).toMatchObject({ state: "rolled-back" });
    expect(await probed.readKeys(host)).toBe(before);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "once its time is over a run can no longer be undone, what it kept is deleted with the next command, and it says so",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const { hosts, readKeys } = probed;
    let done: RunDetail;
    {
      await using app = desk.open();
      done = await carryOut(app, await planOwnKey(app, desk, hosts, UNDOABLE));
      expect(await app.client.runs.clearOver({})).toEqual({ runIds: [] });
    }
    const [kept] = done.kept;
    const after = await readKeys(hosts[0]);
    await using late = openLater(desk, 25);
    await expect(late.client.runs.undo({ runId: done.id })).rejects.toThrow("could be undone until");
    const cleared = await untilStill(late, async () => {
      expect(await late.client.runs.clearOver({})).toEqual({ runIds: [done.id] });
      return done.id;
    });
    expect(cleared).toMatchObject({ state: "committed", message: "", undoUntil: null, kept: [] });
    await expect(readFile(kept?.kept ?? "")).rejects.toThrow("ENOENT");
    const { rows } = await late.client.runs.entries({ runId: done.id, limit: 200 });
    expect(rows.some(({ text }) => text.includes("can no longer be undone"))).toBe(true);
    expect(await readKeys(hosts[0])).toBe(after);
    await expect(late.client.runs.undo({ runId: done.id })).rejects.toThrow("cannot be undone");
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "a removal of grants is undone: the lines are back in their places, and what opened the account opens it again",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const [host] = probed.hosts;
    await using app = desk.open();
    await planOwnKey(app, desk, probed.hosts);
    const before = await probed.readKeys(host);
    const { rows } = await app.client.access.list({ search: "deploy" });
    const grants = rows.filter(({ comment }) => comment === "jo@desk").map(({ id }) => id);
    const planned = await makePlan(app, { kind: "remove-grants", grants }, UNDOABLE);
    const done = await carryOut(app, planned);
    expect(done).toMatchObject({ state: "committed" });
    expect(await probed.readKeys(host)).not.toBe(before);
    expect(await undo(app, done.id)).toMatchObject({ state: "rolled-back" });
    expect(await probed.readKeys(host)).toBe(before);
    expect(await probed.listStrays(host)).toBe("");
    await probed.expectNobodyLockedOut();
  },
);
