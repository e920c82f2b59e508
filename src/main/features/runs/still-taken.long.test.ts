import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { nameKept } from "#net/local/private-keys/replace-private-key.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { logIn } from "#testing/runs/watch-hosts.ts";
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
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}
        echo '${old.publicLine.trim()}' > /etc/ssh/more`,
      sshdOptions: [
        "-o",
        "AuthorizedKeysCommand=/usr/bin/cat /etc/ssh/more",
        "-o",
        "AuthorizedKeysCommandUser=root",
      ],
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const kept = nameKept(old.path, hash("sha256", await readFile(old.path)));
    const run = await carryOut(app, { kind: "rotate-key", fingerprint: old.fingerprint });
    expect(run).toMatchObject({
      state: "needs-attention",
      message: `the old key still gets in to deploy on ${web.address}, perhaps by AuthorizedKeysCommand /usr/bin/cat /etc/ssh/more; the old private key is kept at ${kept}: close that way in, then resume the run`,
    });
    const half = await readFile(kept);
    const again = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: run.id });
        return run.id;
      });
    expect(await again()).toMatchObject({ state: "needs-attention", message: run.message });
    expect(await readFile(kept)).toEqual(half);
    await web.run(": > /etc/ssh/more");
    expect(await again()).toMatchObject({ state: "committed", message: "" });
    expect((await readdir(`${desk.home}/.ssh`)).filter((name) => name.includes("latchkey"))).toEqual([]);
    expect(await web.run("find /home /root -name '*latchkey*'")).toBe("");
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "where only the journal tells of the new key, a run asks for the old one, too, and says that it is still taken",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(desk.home, "old");
    const given = await makeKeyFile(desk.home, "given");
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}
        echo '${old.publicLine.trim()}' > /etc/ssh/more`,
      sshdOptions: [
        "-o",
        "AuthorizedKeysCommand=/usr/bin/cat /etc/ssh/more",
        "-o",
        "AuthorizedKeysCommandUser=root",
      ],
    });
    const [web] = probed.hosts;
    await web.run(START_JOURNAL);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.publicLine };
    const first = await carryOut(app, request);
    const goOn = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: first.id });
        return first.id;
      });
    let ended = first;
    expect(ended).toMatchObject({ state: "waiting" });
    // The clocks of two machines are compared, so a login in the same moment does not count.
    while (ended.state === "waiting") {
      await logIn(web, given.path);
      ended = await goOn();
    }
    const message = `the old key still gets in to deploy on ${web.address}, perhaps by AuthorizedKeysCommand /usr/bin/cat /etc/ssh/more: close that way in, then resume the run`;
    expect(ended).toMatchObject({ state: "needs-attention", message });
    await probed.expectNobodyLockedOut();
  },
);
