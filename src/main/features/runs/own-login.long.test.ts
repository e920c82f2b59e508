import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan } from "#testing/runs/follow.ts";

const run = promisify(execFile);

const startWeb = async (publicKey: string) => {
  const other = await makeKeyLine("other@x");
  return startHost({
    name: "web",
    prepare: `${letIn(publicKey)}\necho '${other.line}' >> /root/.ssh/authorized_keys`,
  });
};

async function planFor(app: App, from: string) {
  const [grant] = (await app.client.access.list({ search: "jo@desk" })).rows;
  return makePlan(
    app,
    { kind: "tighten-grants", grants: [grant?.id ?? 0], from, restrict: false, expiry: null },
    { rollbackAfterSeconds: 30 },
  );
}

test.skipIf(!canStartHosts())(
  "a line by which Latchkey logs in comes back where it was shut to us and nobody has logged in through what is left",
  async () => {
    await using desk = await makeDesk();
    await using web = await startWeb(desk.publicKey);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const before = await web.run("cat /root/.ssh/authorized_keys");
    const ended = await carryOut(app, await planFor(app, "10.0.0.0/8"));
    expect(ended).toMatchObject({ state: "stopped", message: expect.stringContaining("was rolled back") });
    expect(await web.run("cat /root/.ssh/authorized_keys")).toBe(before);
    expect((await scanAll(app, { text: `root@${web.address}` }))[0]).toMatchObject({ state: "ok" });
  },
);

test.skipIf(!canStartHosts() || !canStartJournal())(
  "a line by which Latchkey logs in stays shut to us once the journal shows a login through what is left",
  async () => {
    await using desk = await makeDesk();
    await using web = await startWeb(desk.publicKey);
    await web.run(START_JOURNAL);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const planned = await planFor(app, "127.0.0.9");
    const announcements = await app.client.events.watch();
    const ending = carryOut(app, planned);
    for await (const announced of announcements) {
      if (announced.kind !== "run-changed") continue;
      const { stepList } = await app.client.runs.find({ runId: announced.runId });
      if (stepList.some(({ verification }) => verification === "waiting")) break;
    }
    let isOver = false;
    void ending.finally(() => {
      isOver = true;
    });
    // Times have whole seconds: a login in the very second in which the wait began does not count.
    while (!isOver)
      await run("ssh", [
        "-F",
        "none",
        "-b",
        "127.0.0.9",
        "-i",
        `${desk.home}/.ssh/id_ed25519`,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "IdentityAgent=none",
        `root@${web.address}`,
        "true",
      ]);
    const ended = await ending;
    expect(ended).toMatchObject({ state: "committed" });
    const removed = ended.stepList.find(({ phase }) => phase === "revoke");
    expect(removed).toMatchObject({ verification: "verified" });
    expect(removed?.message).toContain("the journal shows a login since from 127.0.0.9");
  },
);
