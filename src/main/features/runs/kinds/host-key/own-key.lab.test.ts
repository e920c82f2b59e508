import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut } from "#testing/runs/follow.ts";

test.skipIf(!canStartHosts())(
  "each step of a host key is verified by a login with the key in ~/.ssh that has let us in",
  async () => {
    await using desk = await makeDesk();
    await using web = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const place = { host: web.address, port: 22 };
    const run = await carryOut(app, { kind: "rotate-host-key", keyType: "ed25519", ...place });
    expect(run).toMatchObject({ state: "committed", message: "" });
    const [add, remove] = run.stepList.filter(({ phase }) => phase === "grant" || phase === "revoke");
    expect(add).toMatchObject({
      state: "verified",
      verification: "verified",
      message: expect.stringContaining("the new host key is announced and verified"),
    });
    expect(remove).toMatchObject({ state: "verified", verification: "verified" });
  },
);
