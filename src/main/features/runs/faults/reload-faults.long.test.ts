/** sshd rejects its configuration, before a rotation of its host key or during it. */
import { expect, test } from "vitest";
import type { RunId } from "#shared/model/runs/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { openMeddled, runAtOnce, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const CONFIG = "/etc/ssh/sshd_config";
const BREAK = "echo 'NoSuchKeyword yes' > /etc/ssh/more/broken.conf";
const MEND = "rm /etc/ssh/more/broken.conf";

const wishFor = (host: LabHost) => ({
  kind: "rotate-host-key" as const,
  keyType: "ed25519" as const,
  host: host.address,
  port: host.port,
});

test.skipIf(!canStartHosts())(
  "R21: where sshd does not take its configuration, before a run or within it, the old host key stays in use: the one is refused, and the other said",
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
    const steps = [() => runAtOnce(web, BREAK)];
    await using app = openMeddled(desk, { host: web, path: CONFIG, steps });
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const rotate = async () => carryOut(app, await makePlan(app, wishFor(web)));

    const goOn = ({ id: runId }: { id: RunId }) =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId });
        return runId;
      });

    await web.run(BREAK);
    const early = await rotate().catch((error: Error) => error.message);
    expect(early).toMatch(/sshd rejects its current configuration: .*NoSuchKeyword/);
    await web.run(MEND);
    expect(await readFiles()).toBe(before);

    // The file is restored at once, but the message says that sshd has read it again only when it has.
    const late = await rotate();
    expect(late).toMatchObject({
      state: "needs-attention",
      message: expect.stringContaining("NoSuchKeyword"),
    });
    expect(await web.run(`sha256sum < ${CONFIG}`)).toBe(config);
    await web.run(MEND);
    expect(await goOn(late)).toMatchObject({ message: "", state: "committed" });
    expect(await probed.listStrays(web)).toBe("");
    const seen = `before: ${early}; within: ${late.state}, ${late.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R21", injected: "a keyword that sshd does not know, for a host key", seen });
  },
);
