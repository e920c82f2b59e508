import { expect, test } from "vitest";
import { readSshdEntry } from "#domain/use/login-messages.ts";
import { readLoginLines } from "#net/ssh/session/inspect-host.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { LOG_WITH_OFFSETS, logIn } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { forge, signChallenge, startGivenRun } from "./start-given-run.ts";

test.skipIf(!canStartHosts())(
  "a line in auth.log that any user of the host can write removes no old key; a signature by the new one does",
  async () => {
    await using desk = await makeDesk();
    await using begun = await startGivenRun(desk, LOG_WITH_OFFSETS);
    const { app, web, given, runId } = begun;
    await forge(web, "syslog", "deploy", given.fingerprint);
    await web.run(`until grep -q '${given.fingerprint}' /var/log/auth.log; do sleep 0.05; done`);
    expect(await begun.goOn()).toMatchObject({ state: "waiting" });
    expect(await begun.hasOld()).toBe(true);
    expect(await begun.said()).toContainEqual(
      expect.stringContaining("is seen in /var/log/auth.log, which anybody on that host can write"),
    );

    const { confirmation } = await app.client.runs.find({ runId });
    const { challenge = "", accounts = [] } = confirmation ?? {};
    expect(accounts).toEqual([{ host: web.address, port: 22, account: "deploy", state: "waits" }]);
    const other = await makeKeyFile(desk.home, "mallory", ["-t", "ed25519", "-N", ""]);
    for (const signature of [
      await signChallenge(desk, other, challenge ?? ""),
      await signChallenge(desk, given, (challenge ?? "").replace(/^token .*$/m, "token other")),
    ])
      await expect(app.client.runs.confirm({ runId, signature })).rejects.toThrow("is not taken");
    await expect(
      app.client.runs.confirm({ runId, approvals: [{ host: web.address, port: 22, account: "root" }] }),
    ).rejects.toThrow(`it waits for deploy@${web.address}`);

    await app.client.runs.confirm({
      runId,
      signature: await signChallenge(desk, given, challenge ?? ""),
    });
    expect(await begun.goOn()).toMatchObject({ message: "", state: "committed", confirmation: null });
    expect(await begun.hasOld()).toBe(false);
    expect((await begun.said()).join("\n")).toContain("its owner signed this run's challenge");
    await begun.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts() || !canStartJournal())(
  "of a journal nothing is a verification that a user wrote, or a program of root's that is no sshd",
  async () => {
    await using desk = await makeDesk();
    const key = await makeKeyFile(desk.home, "deploy");
    await using host = await startHost({
      name: "web1",
      prepare: `${letIn(key.publicLine.trim(), "deploy")} useradd mallory`,
    });
    await host.run(START_JOURNAL);
    await forge(host, "journal", "deploy", key.fingerprint);
    await forge(host, "syslog", "deploy", key.fingerprint);
    // As a container's output reaches it: one of root's daemons writes it, under a name that others chose.
    await host.run(`logger -t sshd-session 'Accepted publickey for deploy from 10.1.2.3 port 5 ssh2: ED25519 ${key.fingerprint}'
      until [ "$(journalctl -q --system | grep -c '${key.fingerprint}')" = 3 ]; do sleep 0.05; done`);
    await using hand = await openSessionIn(startShellIn(host));
    const read = async (): Promise<string[]> => {
      const log = await readLoginLines(hand, { sinceEpoch: 0, fingerprints: [key.fingerprint] });
      if (log.kind !== "read") throw new Error(log.kind);
      expect(log.sources).toEqual(["journal"]);
      const lines = Buffer.from(log.journal).toString("utf8").split("\n");
      return lines.flatMap((line) => readSshdEntry(line)?.message ?? []);
    };
    expect(await read()).toEqual([]);
    await logIn(host, key.path);
    expect(await read()).toEqual([expect.stringMatching(/^Accepted publickey for deploy from 127\./)]);
  },
);
