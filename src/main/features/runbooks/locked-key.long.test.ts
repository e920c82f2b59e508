import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { wishForOwnKey } from "#testing/runbooks/own-key.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { startSshAgent } from "#testing/ssh/ssh-agent.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "a usual key file that is locked is asked for where the agent has keys and none of them opens the host",
  async () => {
    await using desk = await makeDesk();
    const { databasePath, home } = desk;
    const path = join(home, ".ssh/id_ed25519");
    await using web = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
    await using first = desk.open();
    await scanAll(first, { text: `root@${web.address}`, acceptNew: true });
    await first[Symbol.asyncDispose]();
    const wish = await wishForOwnKey(desk);
    await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "linnet", "-f", path]);
    const other = await makeKeyFile(home, "other");
    await using agent = await startSshAgent(home, [other.path]);
    const workstation = { user: "root", home, agentSocket: agent.socketPath };
    await using app = createApp({ databasePath, workstation });
    const announcements = await app.client.events.watch();
    const { planId } = await app.client.runbooks.plan({ wish, mayAsk: true });
    const asked: unknown[] = [];
    for (;;) {
      for (const { id, about } of await app.client.runbooks.questions()) {
        asked.push(about);
        await app.client.runbooks.answer({ questionId: id, answers: ["linnet"] });
      }
      const { state, plan, message } = await app.client.runbooks.findPlan({ planId });
      if (state !== "making") {
        expect({ message, hosts: plan?.hosts.map(({ host }) => host) }).toEqual({
          message: "",
          hosts: [web.address],
        });
        break;
      }
      await announcements.next();
    }
    expect(asked).toEqual([expect.objectContaining({ kind: "passphrase", file: path })]);
  },
);
