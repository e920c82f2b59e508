/** An account on a real host: disabled, watched, and restored to the byte. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartJournal, START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const execute = promisify(execFile);

const entryOf = (host: LabHost, account: string) =>
  host.run(
    `grep ^${account}: /etc/passwd; grep ^${account}: /etc/shadow; cat /home/${account}/.ssh/authorized_keys`,
  );

const logIn = (desk: Desk, host: LabHost, account: string) =>
  execute("ssh", [
    "-F",
    "none",
    "-i",
    join(desk.home, ".ssh/id_ed25519"),
    "-oIdentitiesOnly=yes",
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    `${account}@${host.address}`,
    "true",
  ]).then(
    () => "logged in",
    () => "refused",
  );

test.skipIf(!canStartHosts())(
  "an account is locked, expired and shut, its grants go, whoever needs it is named by the log's line, and it is restored to the byte",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: `${letIn(desk.publicKey, "app", "/bin/bash")}
        chown -R app:app /home/app/.ssh
        echo 'app:old secret' | chpasswd
        chage -E 30000 app`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, only: "ssh", acceptNew: true });
    const before = await entryOf(web, "app");
    expect(await logIn(desk, web, "app")).toBe("logged in");

    const at = { host: web.address, port: 22, account: "app" };
    const planned = await makePlan(
      app,
      { kind: "disable-account", accounts: [at] },
      { graceDays: 7, rollbackAfterSeconds: 60 },
    );
    expect(planned.plan).toMatchObject({
      title: "Disable app, and revoke a grant on 1 host",
      leftOut: [],
      hosts: [
        {
          disables: [
            {
              account: "app",
              before: { shell: "/bin/bash", password: "set", expires: 30_000 },
              after: { shell: "/usr/sbin/nologin", password: "locked", expires: 1 },
            },
          ],
        },
      ],
    });
    expect(planned.plan?.checks.filter(({ state }) => state !== "ok" && state !== "warning")).toEqual([]);

    const run = await carryOut(app, planned);
    expect(run).toMatchObject({ state: "waiting", message: expect.stringContaining("logs are watched") });
    expect(run.stepList.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      "disable verified",
      "revoke verified",
      "keep verified",
      "finish planned",
    ]);
    expect(run.stepList[0]?.message).toMatch(
      /a login with SHA256:\S+ was tried, and is (refused|not let in)/,
    );
    expect(run.accountWatch).toMatchObject({ uses: [], tries: [], read: [{ host: web.address }] });
    expect(await web.run("grep ^app: /etc/passwd")).toMatch(/:\/usr\/sbin\/nologin$/m);
    expect(await web.run("grep ^app: /etc/shadow")).toMatch(/^app:!\$.*:1:$/m);
    expect(await web.run("cat /home/app/.ssh/authorized_keys")).toBe("");
    expect(await probed.listStrays(web)).toBe("");
    expect(await web.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");

    expect(await logIn(desk, web, "app")).toBe("refused");
    const resumed = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: run.id });
      return run.id;
    });
    expect(resumed).toMatchObject({ state: "waiting" });
    expect(resumed.accountWatch).toMatchObject({ uses: [], until: run.accountWatch?.until });
    expect(resumed.accountWatch?.tries).toContainEqual(
      expect.objectContaining({
        account: "app",
        line: expect.stringMatching(/sshd.*app/),
        source: "/var/log/auth.log",
      }),
    );

    const restored = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: run.id });
      return run.id;
    });
    expect(restored).toMatchObject({ state: "rolled-back", message: "" });
    expect(await entryOf(web, "app")).toBe(before);
    expect(await logIn(desk, web, "app")).toBe("logged in");
    const { rows } = await app.client.runs.entries({ runId: run.id, limit: 200 });
    const hash = /^app:([^:]+):/m.exec(await web.run("grep ^app: /etc/shadow"))?.[1] ?? "";
    expect(hash).toMatch(/^\$/);
    expect(JSON.stringify({ planned, run, resumed, restored, rows })).not.toContain(hash.slice(-40));
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts() || !canStartJournal())(
  "of a journal what root's own programs say of an account is a use, and neither what a user wrote nor a stranger's try; it is restored with no password, or left disabled for good",
  async () => {
    await using desk = await makeDesk();
    await using web = await startHost({
      name: "app",
      prepare: `${letIn(desk.publicKey)}
        ${letIn(desk.publicKey, "app", "/bin/bash")}
        chown -R app:app /home/app/.ssh
        passwd -d app
        useradd mallory`,
    });
    await web.run(START_JOURNAL);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, only: "ssh", acceptNew: true });
    const before = await entryOf(web, "app");
    expect(before).toMatch(/^app::/m);
    const request = {
      kind: "disable-account" as const,
      accounts: [{ host: web.address, port: 22, account: "app" }],
    };
    const run = await carryOut(app, await makePlan(app, request, { graceDays: 7 }));
    expect(run).toMatchObject({ state: "waiting", accountWatch: { uses: [] } });
    expect(await logIn(desk, web, "app")).toBe("refused");
    await web.run(`setpriv --reuid mallory --regid mallory --clear-groups logger -t su '(to app) root on pts/0'
      su -s /bin/sh app -c true || :
      until journalctl -q --system _UID=0 -t su | grep -q app; do sleep 0.05; done`);
    const resume = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: run.id });
        return run.id;
      });
    const seen = await resume();
    expect(seen.accountWatch?.uses.length).toBeGreaterThan(0);
    for (const use of seen.accountWatch?.uses ?? [])
      expect(use).toMatchObject({ source: "journal", line: expect.stringMatching(/ su(-l)?\[\d+\]: /) });
    expect(seen.accountWatch?.tries).toContainEqual(
      expect.objectContaining({ source: "journal", line: expect.stringContaining("sshd") }),
    );
    expect((seen.accountWatch?.until ?? "") > (run.accountWatch?.until ?? "")).toBe(true);

    const restored = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: run.id });
      return run.id;
    });
    expect(restored).toMatchObject({ state: "rolled-back" });
    expect(await entryOf(web, "app")).toBe(before);

    const again = await carryOut(app, await makePlan(app, request, { graceDays: 7 }));
    const left = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: again.id, endsGrace: true });
      return again.id;
    });
    expect(left).toMatchObject({ state: "committed" });
    expect(left.stepList.at(-1)?.message).toBe("app: stays disabled");
    expect(await web.run("grep ^app: /etc/shadow")).toMatch(/^app:!.*:1:$/m);
    await expect(app.client.runs.rollBack({ runId: again.id })).rejects.toThrow("is over");
  },
);
