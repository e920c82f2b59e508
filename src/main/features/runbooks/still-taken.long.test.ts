import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut } from "#testing/runbooks/follow.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

test.skipIf(!canStartHosts())(
  "a run that leaves the old key a way in that no file shows says so where it says how it ended",
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
    expect(run).toMatchObject({
      state: "committed",
      message: `the old key still gets in on ${web.address}, by something that is not in the files that were changed`,
    });
  },
);
