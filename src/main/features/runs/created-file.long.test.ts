import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

test.skipIf(!canStartHosts())(
  "an account without an authorized_keys file gets one with the line in it, and where the line does not let in nothing of it is left",
  async () => {
    await using desk = await makeDesk();
    const guest = await makeKeyLine("guest@x");
    // Probed with a key of deploy's: the others have none.
    await using probed = await startProbedHosts(desk, {
      prepare: `useradd -m -s /bin/sh fresh; useradd -m -s /bin/sh shut; rm -rf /home/fresh/.ssh /home/shut/.ssh`,
      sshdOptions: ["-o", "DenyUsers=shut"],
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = (account: string, key: string) => ({
      kind: "add-grants" as const,
      key,
      accounts: [{ host: web.address, port: web.port, account }],
    });
    const planned = await makePlan(app, request("fresh", guest.line));
    expect(planned.plan?.hosts[0]?.files).toMatchObject([{ creates: "folder", before: EMPTY, adds: 1 }]);
    expect(await web.run("ls -A /home/fresh")).not.toContain(".ssh");
    expect(await carryOut(app, planned)).toMatchObject({ message: "", state: "committed" });
    expect(
      await web.run("cd /home/fresh; cat .ssh/authorized_keys; stat -c '%U %G %a' .ssh .ssh/*; ls -A .ssh"),
    ).toBe(`${guest.line}\nfresh fresh 700\nfresh fresh 600\nauthorized_keys\n`);
    const refused = await carryOut(app, request("shut", desk.publicKey));
    expect(refused).toMatchObject({ state: "stopped", message: expect.stringContaining("not let in") });
    expect(await web.run("ls -A /home/shut")).not.toContain(".ssh");
    await probed.expectNobodyLockedOut();
  },
);

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
