/** sshd does not take its configuration, before a rotation of its host key or within it. */
import { expect, test } from "vitest";
import type { RunId } from "#shared/model/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { openMeddled, runAtOnce } from "#testing/runbooks/meddle.ts";
import { startProbedHosts } from "#testing/runbooks/probed-hosts.ts";

const CONFIG = "/etc/ssh/sshd_config";
const BREAK = "echo 'NoSuchKeyword yes' > /etc/ssh/more/broken.conf";
const MEND = "rm /etc/ssh/more/broken.conf";

const wishFor = (host: LabHost) => ({
  ...{ kind: "rotate-host-key" as const, keyType: "ed25519" as const },
  ...{ host: host.address, port: host.port },
});

test.skipIf(!canStartHosts())(
  "R21: where sshd does not take its configuration, before a run or within it, the old host key stays in use, and that is said",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      reloads: true,
      prepare: `mkdir /etc/ssh/more; sed -i '1i Include /etc/ssh/more/*.conf' ${CONFIG}`,
    });
    const [web] = probed.hosts;
    const readFiles = () => web.run("cd /etc/ssh; find . -type f -exec sha256sum {} + | sort");
    const before = await readFiles();
    const config = await web.run(`sha256sum < ${CONFIG}`);
    const wait = () => undefined;
    // Written and taken back by the first run, and written by the second.
    const steps = [wait, wait, () => runAtOnce(web, BREAK)];
    await using app = openMeddled(desk, { host: web, path: CONFIG, steps });
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const rotate = async () => carryOut(app, await makePlan(app, wishFor(web)));

    const goOn = (how: "resume" | "rollBack", { id: runId }: { id: RunId }) =>
      untilStill(app, async () => {
        await app.client.runbooks[how]({ runId });
        return runId;
      });

    // The file is as it was at once; that sshd has read it again is said only when it has.
    const unread = { state: "needs-attention", message: expect.stringContaining("NoSuchKeyword") };
    await web.run(BREAK);
    const early = await rotate();
    expect(early).toMatchObject(unread);
    await web.run(MEND);
    expect(await goOn("rollBack", early)).toMatchObject({ message: "", state: "rolled-back" });
    expect(await readFiles()).toBe(before);

    const late = await rotate();
    expect(late).toMatchObject(unread);
    expect(await web.run(`sha256sum < ${CONFIG}`)).toBe(config);
    await web.run(MEND);
    expect(await goOn("resume", late)).toMatchObject({ message: "", state: "committed" });
    expect(await probed.listStrays(web)).toBe("");
    const seen = `before: ${early.state}, ${early.message}; within: ${late.state}, ${late.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R21", injected: "a keyword that sshd does not know, for a host key", seen });
  },
);
