import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { readKeysHere, UNDOABLE, undo } from "#testing/runs/undo-run.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

/** The Latchkey of the desk at another time. */
const openLater = ({ databasePath, workstation }: Desk, hours: number) =>
  createApp({ databasePath, workstation, now: () => new Date(Date.now() + hours * 3_600_000) });

test.skipIf(!canStartHosts())(
  "a finished rotation has let its old key go at once, and is undone to the byte, on all hosts and here",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    const { hosts, readKeys, listStrays } = probed;
    await using app = desk.open();
    const [before, here] = [await Promise.all(hosts.map(readKeys)), await readKeysHere(desk)];
    const done = await carryOut(app, await planOwnKey(app, desk, hosts, UNDOABLE));
    expect(done).toMatchObject({ state: "committed", message: "", kept: [{ host: null }] });
    expect(done.undoUntil).not.toBeNull();
    expect(done.accessChecks.map(({ answer }) => answer)).toEqual(Array(4).fill("refused"));
    for (const host of hosts) {
      expect(await readKeys(host)).not.toContain(desk.publicKey.split(" ")[1]);
      // A later run finds nothing in its way.
      expect(await listStrays(host)).toBe("");
    }
    const undone = await undo(app, done.id);
    expect(undone).toMatchObject({ state: "rolled-back", undoUntil: null, kept: [] });
    expect(await Promise.all(hosts.map(readKeys))).toEqual(before);
    expect(await readKeysHere(desk)).toEqual(here);
    for (const host of hosts) expect(await listStrays(host)).toBe("");
    const { rows } = await app.client.runs.entries({ runId: done.id, limit: 200 });
    expect(rows.filter(({ text }) => text.includes("sshd accepts SHA256:")).length).toBe(2);
    await expect(app.client.runs.undo({ runId: done.id })).rejects.toThrow("nothing to undo");
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
