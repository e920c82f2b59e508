import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "a key whose private key lies here is verified by a login with it alone when it is let in and when it is tightened, and is taken out again where sshd refuses it",
  async () => {
    await using desk = await makeDesk();
    const path = join(desk.home, ".ssh", "guest");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "guest@desk", "-f", path]);
    const line = (await readFile(`${path}.pub`, "utf8")).trim();
    const other = await makeKeyLine("other@x");
    await using probed = await startProbedHosts(desk, {
      prepare: `${letIn(other.line, "shut")}\nchgrp -R shut /home/shut/.ssh`,
      sshdOptions: ["-o", "DenyUsers=shut"],
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const add = (account: string) =>
      carryOut(app, {
        kind: "add-grants" as const,
        key: line,
        accounts: [{ host: web.address, port: web.port, account }],
      });
    const added = await add("deploy");
    expect(added).toMatchObject({ message: "", state: "committed" });
    const [verified] = added.stepList.filter(({ phase }) => phase === "grant");
    expect(verified?.message).toMatch(/deploy: logged in with /);

    const refused = await add("shut");
    expect(refused).toMatchObject({ state: "stopped", message: expect.stringContaining("not let in") });
    expect(await web.run("cat /home/shut/.ssh/authorized_keys")).toBe(`${other.line}\n`);

    const [grant] = (await app.client.access.list({ search: "guest@desk" })).rows;
    const tightened = await carryOut(app, {
      kind: "tighten-grants",
      grants: [grant?.id ?? 0],
      restrict: true,
    });
    expect(tightened).toMatchObject({ message: "", state: "committed" });
    const [tight] = tightened.stepList.filter(({ phase }) => phase === "revoke");
    expect(tight?.message).toMatch(/deploy: logged in with /);
    expect(await web.run("cat /home/deploy/.ssh/authorized_keys")).toContain(`restrict ${line}`);
    await probed.expectNobodyLockedOut();
  },
);
