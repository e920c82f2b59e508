import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

async function makeTwo(home: string) {
  const make = (name: string) =>
    makeKeyFile(join(home, ".ssh"), name, ["-t", "ed25519", "-N", "", "-C", `${name}@x`]);
  return { old: await make("old"), given: await make("given") };
}

test.skipIf(!canStartHosts())(
  "a key that was made before and lies here is verified as itself, takes the old one's place and gets in",
  async () => {
    await using desk = await makeDesk();
    const { old, given } = await makeTwo(desk.home);
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    await rm(old.path);
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.path };
    const run = await carryOut(app, request);
    expect(run).toMatchObject({ message: "", state: "committed" });
    const added = run.stepList.find(({ phase }) => phase === "grant");
    expect(added?.message).toContain(`logged in with the new key (`);
    expect(await probed.readKeys(web)).toContain(given.publicLine.split(" ")[1]);
    expect(await probed.readKeys(web)).not.toContain(old.publicLine.split(" ")[1]);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "the old key stays until the journal tells of the new one, though the new one's line stood there before the run",
  async () => {
    await using desk = await makeDesk();
    const { old, given } = await makeTwo(desk.home);
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' '${given.publicLine.trim()}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const before = await probed.readKeys(web);
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.publicLine };
    const run = await carryOut(app, request);
    expect(run).toMatchObject({
      state: "waiting",
      message: expect.stringContaining("the journal must show"),
    });
    expect(await probed.readKeys(web)).toBe(before);
    await probed.expectNobodyLockedOut();
  },
);
