import { expect, test } from "vitest";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { logIn } from "#testing/runs/watch-hosts.ts";
import { forge, startGivenRun } from "./start-given-run.ts";

test.skipIf(!canStartHosts() || !canStartJournal())(
  "no entry of the journal that a user wrote, and none of root's other programs, removes an old key; a login does",
  async () => {
    await using desk = await makeDesk();
    await using begun = await startGivenRun(desk, START_JOURNAL);
    const { web, given } = begun;
    await forge(web, "journal", "deploy", given.fingerprint);
    await forge(web, "syslog", "deploy", given.fingerprint);
    // As a container's output reaches it: one of root's daemons writes it, under a name that others chose.
    await web.run(`logger -p auth.info -t sshd-session 'Accepted publickey for deploy from 10.1.2.3 port 5 ssh2: ED25519 ${given.fingerprint}'
      until [ "$(journalctl -q --system | grep -c '${given.fingerprint}')" = 3 ]; do :; done`);
    expect(await begun.goOn()).toMatchObject({ state: "waiting" });
    expect(await begun.hasOld()).toBe(true);

    await logIn(web, given.path);
    let ended = await begun.goOn();
    expect(await begun.hasOld()).toBe(false);
    // Two clocks are compared, so a login at the same moment does not count.
    while (ended.state === "waiting") {
      await logIn(web, given.path);
      ended = await begun.goOn();
    }
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect((await begun.said()).join("\n")).toContain("the journal shows a login with the new key");
    await begun.expectNobodyLockedOut();
  },
);
