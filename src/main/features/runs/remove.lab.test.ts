/** An account on a real host: disabled, watched, removed, put back, and removed for good. */
import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const FILES = "/etc/passwd /etc/shadow /etc/group /etc/gshadow";

/** Shell text: of the words of its GECOS one is no UTF-8, and a group that it is in has 4,000 others. */
const ODD_LINES = `LC_ALL=C sed -i "s/^\\(app:[^:]*:[^:]*:[^:]*:\\)[^:]*/\\1$(printf 'J\\366rg')/" /etc/passwd
  members=$(seq -f member%05g 4000 | paste -sd, -)
  echo "many:x:3000:jo,app,$members" >>/etc/group
  echo "many:!::jo,app,$members" >>/etc/gshadow`;

/** Shell text: rights that name the account, its number or its own group; and lines that only look so. */
const RIGHTS = `uid=$(id -u app) gid=$(id -g app)
  printf '%s\\n' "# app and #$uid had rights" "#\${uid}1, zed ALL=ALL, /bin/kill $uid" "#1, app ALL=(zed) ALL" \\
    "zed, #$uid ALL=ALL" "%#$gid ALL=ALL" "%app ALL=ALL" "%#\${gid}1, apple ALL=ALL" >/etc/sudoers.d/app
  printf '%s\\n' "permit nopass $uid" "permit :$gid as zed" "# permit $uid" >/etc/doas.conf
  echo "$uid:700000:65536" >/etc/subuid; : >/etc/subgid`;

const disable = async (app: App, host: LabHost, graceDays: number) =>
  carryOut(
    app,
    await makePlan(
      app,
      { kind: "disable-account", accounts: [{ host: host.address, port: 22, account: "app" }] },
      { graceDays },
    ),
  );

test.skipIf(!canStartHosts())(
  "a disabled account's lines go and nothing else, its files stay, one undo puts every byte back, and the run that disabled it ends when it is gone for good",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: `${letIn(desk.publicKey, "app", "/bin/bash")}
        chown -R app:app /home/app/.ssh
        echo 'app:old secret' | chpasswd
        usermod -aG games,mail app
        useradd zed
        ${ODD_LINES}
        ${RIGHTS}`,
    });
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, only: "ssh", acceptNew: true });
    const disabled = await disable(app, web, 0);
    expect(disabled).toMatchObject({ state: "waiting", message: expect.stringContaining("latchkey remove") });
    const read = () => web.run(`cat ${FILES}; sha256sum ${FILES}; stat -c '%a %U %G %n' ${FILES}`);
    const before = await read();
    const uid = Number(await web.run("id -u app"));

    const planned = await makePlan(app, { kind: "remove-account", runId: disabled.id }, { undoHours: 24 });
    expect(planned.plan).toMatchObject({ title: "Remove app on 1 host", confirm: null });
    expect(planned.plan?.checks.filter(({ state }) => state !== "ok")).toEqual([]);
    const [account] = planned.plan?.hosts[0]?.removes ?? [];
    expect(account?.lines.map(({ file, becomes }) => [file, becomes === null])).toEqual([
      ["/etc/passwd", true],
      ["/etc/shadow", true],
      ["/etc/group", false],
      ["/etc/group", false],
      ["/etc/group", true],
      ["/etc/group", false],
      ["/etc/gshadow", false],
      ["/etc/gshadow", false],
      ["/etc/gshadow", true],
      ["/etc/gshadow", false],
    ]);
    expect(account?.lines[0]?.line).toContain(":Jörg:");
    expect(account?.stays).toContainEqual({ path: "/home/app", uid });
    expect(account?.stays.map(({ path }) => path).filter((path) => /sudoers|doas|sub/.test(path))).toEqual([
      "/etc/subuid",
      "/etc/sudoers.d/app:3",
      "/etc/sudoers.d/app:4",
      "/etc/sudoers.d/app:5",
      "/etc/sudoers.d/app:6",
      "/etc/doas.conf:1",
      "/etc/doas.conf:2",
    ]);
    expect(JSON.stringify(planned)).not.toContain("$y$");

    const removed = await carryOut(app, planned);
    expect(removed).toMatchObject({ state: "committed", undoUntil: expect.any(String) });
    expect(removed.stepList[0]?.message).toContain("in none of the files of accounts");
    expect(await web.run(`grep -wc app ${FILES} || :; getent passwd app ${uid} || echo none`)).toMatch(
      /passwd:0\n.*shadow:0\n.*group:0\n.*gshadow:0\nnone/s,
    );
    expect(await web.run(`stat -c %u /home/app; id zed; stat -c '%a %U %G %n' ${FILES}`)).toContain(
      `${uid}\n`,
    );
    expect(await probed.listStrays(web)).toBe("");
    expect((await app.client.runs.find({ runId: disabled.id })).accountWatch?.removedBy).toBe(removed.id);
    await expect(app.client.runs.rollBack({ runId: disabled.id })).rejects.toThrow("undo it first");
    await expect(app.client.runs.resume({ runId: disabled.id, endsGrace: true })).rejects.toThrow(
      "has removed",
    );

    const undone = await untilStill(app, async () => {
      await app.client.runs.undo({ runId: removed.id });
      return removed.id;
    });
    expect(undone).toMatchObject({ state: "rolled-back", message: "" });
    expect(await read()).toBe(before);
    expect(await web.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");

    const again = await carryOut(
      app,
      await makePlan(app, { kind: "remove-account", runId: disabled.id }, { undoHours: 24 }),
    );
    expect(again).toMatchObject({ state: "committed" });
    expect((await app.client.runs.find({ runId: disabled.id })).state).toBe("waiting");
    const cleared = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: again.id, endsGrace: true });
      return again.id;
    });
    expect(cleared).toMatchObject({ state: "committed", undoUntil: null });
    expect(await web.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");
    const over = await app.client.runs.find({ runId: disabled.id });
    expect(over).toMatchObject({ state: "committed" });
    expect(over.stepList.at(-1)?.message).toBe(`app: was removed by run ${again.id}`);
    await probed.expectNobodyLockedOut();
  },
);
