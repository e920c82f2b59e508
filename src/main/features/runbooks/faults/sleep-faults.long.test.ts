import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { standStillAfter } from "#testing/runbooks/start-run-child.ts";

const run = promisify(execFile);
const FILE = "/home/deploy/.ssh/authorized_keys";

test.skipIf(!canStartHosts())(
  "R18: a Latchkey that has slept while the host took its change back says so, and the next try ends it",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}\nchown -R deploy:deploy /home/deploy/.ssh`,
    });
    const readKeys = () => web.run(`cat /root/.ssh/authorized_keys ${FILE}`);
    const before = await readKeys();
    const planId = await (async () => {
      await using app = desk.open();
      await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
      const { stdout } = await run("ssh-keygen", ["-l", "-f", join(desk.home, ".ssh/id_ed25519")]);
      const wish = { kind: "rotate-key" as const, fingerprint: stdout.split(" ")[1] ?? "" };
      return (await makePlan(app, wish, { deadManSeconds: 30 })).id;
    })();
    const file = `${web.root}${FILE}`;
    const old = await readFile(file);
    await standStillAfter({ desk, planId, file }, async () => old.equals(await readFile(file)));

    await using app = desk.open();
    const [slept] = (await app.client.runbooks.list({})).rows;
    if (!slept) throw new Error("no run was begun");
    expect(slept.state).toBe("stopped");
    expect(slept.message).toContain("taken back");
    expect(await readKeys()).toBe(before);
    expect(await web.run("find /home /root -name '*latchkey*'")).toBe("");
    const ended = await untilStill(app, async () => {
      await app.client.runbooks.resume({ runId: slept.id });
      return slept.id;
    });
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect(await readKeys()).not.toContain(desk.publicKey);
    recordFault(task, {
      id: "R18",
      injected: "SIGSTOP of Latchkey over the dead-man's time",
      seen: slept.message,
    });
  },
);
