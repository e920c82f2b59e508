import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { logIn } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "a grant is moved to an authority once the journal shows a login with one of its certificates, and the run ends after another",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(desk.home, "old");
    const authority = await makeKeyFile(desk.home, "authority");
    const person = await makeKeyFile(desk.home, "person");
    await run("ssh-keygen", ["-q", "-s", authority.path, "-I", "jo", "-n", "deploy", `${person.path}.pub`]);
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    await web.run(START_JOURNAL);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const [grant] = (await app.client.access.list({ search: old.fingerprint })).rows;
    const first = await carryOut(app, {
      kind: "move-to-authority",
      grants: [grant?.id ?? 0],
      authority: authority.publicLine,
    });
    const goOn = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: first.id });
        return first.id;
      });
    const waits = {
      state: "waiting",
      message: expect.stringContaining("the journal must show a login"),
    };
    expect(first).toMatchObject(waits);
    await logIn(web, old.path);
    expect(await goOn()).toMatchObject(waits);
    await logIn(web, person.path);
    expect(await goOn()).toMatchObject({
      state: "waiting",
      message: expect.stringContaining("one more login with the new key"),
    });
    let ended = first;
    // The clocks of two machines are compared, so a login in the same moment does not count.
    while (ended.state === "waiting") {
      await logIn(web, person.path);
      ended = await goOn();
    }
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect((await web.run(`cat ${FILE}`)).split("\n")).toEqual([
      expect.stringMatching(/^cert-authority,principals="deploy" \S+ \S+ .*$/),
      probed.retained,
      "",
    ]);
    await probed.expectNobodyLockedOut();
  },
);
