import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { planOwnKey } from "#testing/runs/follow.ts";
import { runOnFullDisk } from "#testing/runs/start-run-child.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

test.skipIf(!canStartHosts())(
  "R17: where our own disk is full within a run, the host under way is finished, no other is begun, and it goes on when there is room",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    const [one, two = one] = probed.hosts;
    const before = await two.run(`cat ${FILE}`);
    const planned = await (async () => {
      await using app = desk.open();
      return await planOwnKey(app, desk, probed.hosts);
    })();
    const hosts = planned.plan?.hosts.map(({ host }) => host);
    const [first, second] = hosts?.[0] === one.address ? [one, two] : [two, one];

    const disk = join(desk.home, "disk");
    await mkdir(disk);
    const files = { disk, file: `${first.root}${FILE}`, other: `${second.root}${FILE}` };
    const { atTheWait, paused, entries, ended } = JSON.parse(
      await runOnFullDisk({ desk, planId: planned.id }, files),
    );
    expect(paused).toMatchObject({ state: "paused", message: expect.stringContaining("the disk is full") });
    expect(atTheWait.changed.trim().split("\n")).toHaveLength(3);
    expect(atTheWait.other).toBe(before);
    expect(atTheWait.told).toMatch(
      /^how it stands cannot be written down, and is tried again: .*the disk is full/,
    );
    const texts = entries.map(({ text }: { text: string }) => text);
    expect(texts).toContain("to add the new lines to 2 files");
    expect(texts.at(-1)).toContain("paused");
    expect(ended).toMatchObject({ message: "", state: "committed" });
    for (const host of probed.hosts) {
      expect(await probed.readKeys(host)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(host)).toBe("");
    }
    const seen = `${paused.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R17", injected: "a full tmpfs after a write on a host", seen });
  },
);
