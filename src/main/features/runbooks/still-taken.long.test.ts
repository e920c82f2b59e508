import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, untilStill } from "#testing/runbooks/follow.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

test.skipIf(!canStartHosts())(
  "where the old key has a way in that no file shows, a run says so and keeps its old half until that way is closed",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(`${desk.home}/.ssh`, "deploy", [
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "deploy@x",
    ]);
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(old.publicLine, "deploy")}
        chgrp -R deploy /home/deploy/.ssh
        echo '${old.publicLine.trim()}' > /etc/ssh/more`,
      sshdOptions: [
        "-o",
        "AuthorizedKeysCommand=/usr/bin/cat /etc/ssh/more",
        "-o",
        "AuthorizedKeysCommandUser=root",
      ],
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const run = await carryOut(app, { kind: "rotate-key", fingerprint: old.fingerprint });
    const kept = `${old.path}.latchkey-old`;
    expect(run).toMatchObject({
      state: "needs-attention",
      message: `the old key still gets in on ${web.address}, by something that is not in the files that were changed; the old private half is kept at ${kept}: close that way in, then resume the run`,
    });
    const half = await readFile(kept);
    const again = () =>
      untilStill(app, async () => {
        await app.client.runbooks.resume({ runId: run.id });
        return run.id;
      });
    expect(await again()).toMatchObject({ state: "needs-attention", message: run.message });
    expect(await readFile(kept)).toEqual(half);
    await web.run(": > /etc/ssh/more");
    expect(await again()).toMatchObject({ state: "committed", message: "" });
    expect((await readdir(`${desk.home}/.ssh`)).filter((name) => name.includes("latchkey"))).toEqual([]);
    expect(await web.run("find /home /root -name '*latchkey*'")).toBe("");
  },
);
