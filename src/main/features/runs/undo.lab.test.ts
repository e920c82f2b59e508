import { expect, test } from "vitest";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey } from "#testing/runs/follow.ts";
import { readKeysHere, UNDOABLE, undo } from "#testing/runs/undo-run.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

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
