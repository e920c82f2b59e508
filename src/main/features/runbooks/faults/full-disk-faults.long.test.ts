import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makePlan } from "#testing/runbooks/follow.ts";
import { runOnFullDisk } from "#testing/runbooks/start-run-child.ts";

const run = promisify(execFile);
const FILE = "/home/deploy/.ssh/authorized_keys";

test.skipIf(!canStartHosts())(
  "R17: where our own disk is full within a run, the host under way is finished, no other is begun, and it goes on when there is room",
  async ({ task }) => {
    await using desk = await makeDesk();
    const prepare = `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}
      chown -R deploy:deploy /home/deploy/.ssh`;
    await using one = await startHost({ name: "one", prepare });
    await using two = await startHost({ name: "two", prepare });
    const before = await two.run(`cat ${FILE}`);
    const planned = await (async () => {
      await using app = desk.open();
      const text = [one, two].map(({ address }) => `root@${address}`).join("\n");
      await scanAll(app, { text, acceptNew: true });
      const { stdout } = await run("ssh-keygen", ["-l", "-f", join(desk.home, ".ssh/id_ed25519")]);
      return await makePlan(app, { kind: "rotate-key", fingerprint: stdout.split(" ")[1] ?? "" });
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
    expect(atTheWait.changed.trim().split("\n")).toHaveLength(2);
    expect(atTheWait.other).toBe(before);
    const texts = entries.map(({ text }: { text: string }) => text);
    expect(texts).toContain("to add the new lines to 2 files");
    expect(texts.at(-1)).toContain("paused");
    expect(ended).toMatchObject({ message: "", state: "committed" });
    for (const host of [one, two]) {
      expect(await host.run(`cat /root/.ssh/authorized_keys ${FILE}`)).not.toContain(desk.publicKey);
      expect(await host.run("find /home /root -name '*latchkey*'")).toBe("");
    }
    recordFault(task, { id: "R17", injected: "a full tmpfs after a write on a host", seen: paused.message });
  },
);
