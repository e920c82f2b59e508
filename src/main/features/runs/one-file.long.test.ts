import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan } from "#testing/runs/follow.ts";

test.skipIf(!canStartHosts())(
  "two accounts whose homes are one are one file, of which both are told, whoever was asked about",
  async () => {
    await using desk = await makeDesk();
    const [guest, other] = [await makeKeyLine("guest@x"), await makeKeyLine("other@x")];
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(guest.line, "deploy")}
        printf '%s\\n' '${other.line}' >> /home/deploy/.ssh/authorized_keys
        chgrp -R deploy /home/deploy/.ssh
        ln -s /home/deploy /home/twin
        echo "twin:x:$(id -u deploy):$(id -g deploy)::/home/twin:/bin/sh" >> /etc/passwd
        echo 'twin:*:19000::::::' >> /etc/shadow`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const { rows } = await app.client.access.list({ search: guest.fingerprint });
    expect(rows.map(({ account }) => account).toSorted()).toEqual(["deploy", "twin"]);
    const grants = rows.filter(({ account }) => account === "twin").map(({ id }) => id);
    const planned = await makePlan(app, { kind: "remove-grants", grants });
    expect(planned.plan?.leftOut).toEqual([]);
    expect(planned.plan?.hosts[0]?.files).toMatchObject([
      { path: "/home/deploy/.ssh/authorized_keys", account: "twin", others: ["deploy"], removes: 1 },
    ]);
    expect(await carryOut(app, planned)).toMatchObject({ message: "", state: "committed" });
    expect(await web.run("cat /home/twin/.ssh/authorized_keys")).toBe(`${other.line}\n`);
    expect((await app.client.access.list({ search: guest.fingerprint })).total).toBe(0);
  },
);
