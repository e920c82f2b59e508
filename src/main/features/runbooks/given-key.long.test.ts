import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut } from "#testing/runbooks/follow.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

type Host = Awaited<ReturnType<typeof startHost>>;

const readKeys = (host: Host): Promise<string> => host.run("cat /home/deploy/.ssh/authorized_keys");

async function makeTwo(home: string) {
  const make = (name: string) =>
    makeKeyFile(join(home, ".ssh"), name, ["-t", "ed25519", "-N", "", "-C", `${name}@x`]);
  return { old: await make("old"), given: await make("given") };
}

test.skipIf(!canStartHosts())(
  "a key that was made before and lies here is proved as itself, takes the old one's place and gets in",
  async () => {
    await using desk = await makeDesk();
    const { old, given } = await makeTwo(desk.home);
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(old.publicLine, "deploy")}\nchgrp -R deploy /home/deploy/.ssh`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    await rm(old.path);
    const wish = { kind: "rotate-key" as const, fingerprint: old.fingerprint, given: given.path };
    const run = await carryOut(app, wish);
    expect(run).toMatchObject({ message: "", state: "committed" });
    const added = run.stepList.find(({ phase }) => phase === "add");
    expect(added?.message).toContain(`logged in with the new key (`);
    expect(await readKeys(web)).toContain(given.publicLine.split(" ")[1]);
    expect(await readKeys(web)).not.toContain(old.publicLine.split(" ")[1]);
  },
);

test.skipIf(!canStartHosts())(
  "the old key stays until a log tells of the new one, though the new one's line stood there before the run",
  async () => {
    await using desk = await makeDesk();
    const { old, given } = await makeTwo(desk.home);
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(old.publicLine, "deploy")}
        echo '${given.publicLine.trim()}' >> /home/deploy/.ssh/authorized_keys
        chgrp -R deploy /home/deploy/.ssh`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const before = await readKeys(web);
    const wish = { kind: "rotate-key" as const, fingerprint: old.fingerprint, given: given.publicLine };
    const run = await carryOut(app, wish);
    expect(run).toMatchObject({ state: "waiting", message: expect.stringContaining("a log has to tell") });
    expect(await readKeys(web)).toBe(before);
  },
);
