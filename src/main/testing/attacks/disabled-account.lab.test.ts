/** What an account, or whoever makes one anew, does so that another is disabled than was meant, or none. */
import { expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";

const prepareFor = (desk: Desk): string =>
  `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "app")}\nchown -R app:app /home/app/.ssh`;

async function planFor(app: App, host: LabHost, account: string) {
  await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  return makePlan(app, { kind: "disable-account", accounts: [{ host: host.address, port: 22, account }] });
}

const entriesOf = (host: LabHost) => host.run("cat /etc/passwd /etc/shadow");

/** Shell text: a name service that stands before /etc/passwd, as a directory does. It has `far`, and an `app` of its own. */
const ANSWERS_FIRST = `mkdir -p /etc/userdb
  for one in far:7001 app:7002; do
    name=\${one%:*} number=\${one#*:}
    echo '{"userName":"'$name'","uid":'$number',"gid":'$number',"homeDirectory":"/home/'$name'","shell":"/bin/sh","disposition":"regular"}' >/etc/userdb/$name.user
    ln -s $name.user /etc/userdb/$number.user
  done
  sed -i 's/^passwd:.*/passwd: systemd files/' /etc/nsswitch.conf`;

test.skipIf(!canStartHosts())(
  "root by another name, a name that is an option, one of nobody, one of a directory, one that a directory answers for otherwise, and a host without root's own usermod are refused, and nothing is written",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "web",
      prepare: `${prepareFor(desk)}
        useradd -o -u 0 toor
        sed 's/^app:/-app:/' /etc/passwd | grep '^-app:' >> /etc/passwd
        sed 's/^app:/-app:/' /etc/shadow | grep '^-app:' >> /etc/shadow`,
    });
    await using app = desk.open();
    const before = await entriesOf(host);
    const refusedOf = async (account: string) =>
      (await planFor(app, host, account)).plan?.checks
        .filter(({ state }) => state === "refused")
        .map(({ text }) => text)
        .join();
    expect(await refusedOf("toor")).toContain("the account toor is root");
    expect(await refusedOf("root")).toContain("the account root is root");
    expect(await refusedOf("-app")).toContain("may take for something else");
    expect(await refusedOf("ghost")).toContain("does not exist there");
    await host.run(`cp /etc/nsswitch.conf /run; ${ANSWERS_FIRST}`);
    expect(await refusedOf("far")).toContain("a directory (LDAP, NIS, sssd) has it");
    expect(await refusedOf("app")).toContain("is another one to its host than in /etc/passwd");
    await host.run("cp /run/nsswitch.conf /etc");
    await host.run("chown daemon /usr/sbin/usermod");
    expect(await refusedOf("app")).toContain("no usermod of shadow-utils that root alone can have installed");
    // As on a host that has BusyBox alone.
    await host.run("rm /usr/sbin/usermod");
    expect(await refusedOf("app")).toContain("BusyBox has none");
    expect(await entriesOf(host)).toBe(before);
  },
);

test.skipIf(!canStartHosts())(
  "an account that was removed and made anew since the plan is not touched",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "web", prepare: prepareFor(desk) });
    await using app = desk.open();
    const planned = await planFor(app, host, "app");
    await host.run("userdel app; useradd -u 2222 -d /home/app app; echo app:theirs | chpasswd");
    const before = await entriesOf(host);
    const run = await carryOut(app, planned);
    expect(run).toMatchObject({ state: "stopped" });
    expect(run.message).toContain("is not as the plan knows it");
    expect(await entriesOf(host)).toBe(before);
    expect(await host.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);

test.skipIf(!canStartHosts())(
  "an account that writes its own keys while they are revoked is shut all the same, and is restored with what it wrote",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "web", prepare: prepareFor(desk) });
    await using app = desk.open();
    const planned = await planFor(app, host, "app");
    await host.run(`setsid setpriv --reuid app --regid app --init-groups sh -c '
      cd /home/app/.ssh; while :; do date +"# %N" >> authorized_keys; sleep 0.01; done' >/dev/null 2>&1 &`);
    const run = await carryOut(app, planned);
    expect(["waiting", "stopped"]).toContain(run.state);
    expect(run.stepList[0]).toMatchObject({ phase: "disable", state: "verified" });
    expect(await host.run("grep ^app: /etc/passwd /etc/shadow")).toMatch(/nologin\s[\s\S]*:!.*:1:$/m);
    const restored = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: run.id });
      return run.id;
    });
    expect(["rolled-back", "needs-attention"]).toContain(restored.state);
    expect(await host.run("grep ^app: /etc/passwd")).toMatch(/:\/bin\/sh$/m);
    expect(await host.run("cat /home/app/.ssh/authorized_keys")).toContain(desk.publicKey);
  },
);

test.skipIf(!canStartHosts())(
  "a log that whoever may write in /var/log has linked to a file of root's shows nothing of that file, and their own log is read, or said not to be",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "web", prepare: prepareFor(desk) });
    await using app = desk.open();
    const run = await carryOut(app, await planFor(app, host, "app"));
    expect(run.state).toBe("waiting");
    // As Ubuntu has it: /var/log is root:syslog 775, and auth.log belongs to syslog.
    await host.run(`chgrp mail /var/log && chmod 775 /var/log && chown mail /var/log/auth.log
      echo "$(date '+%b %e %H:%M:%S') web sshd[1]: Accepted password for app from 10.9.9.9 port 4 ssh2" >/root/secret
      chmod 600 /root/secret && ln -s /root/secret /var/log/secure
      logger -t su -p auth.info '(to app) root on pts/0'
      until grep -q 'to app' /var/log/auth.log; do sleep 0.05; done`);
    const seen = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: run.id });
      return run.id;
    });
    expect(JSON.stringify(seen)).not.toContain("10.9.9.9");
    expect(seen.accountWatch?.uses).toMatchObject([
      { source: "/var/log/auth.log", line: expect.stringContaining("(to app) root on pts/0") },
    ]);

    const at = seen.accountWatch?.read[0]?.at;
    const expectNotRead = async (said: string) => {
      const unread = await untilStill(app, async () => {
        await app.client.runs.resume({ runId: run.id });
        return run.id;
      });
      expect(unread.accountWatch?.read).toMatchObject([{ at }]);
      const { rows } = await app.client.runs.entries({ runId: run.id, limit: 200 });
      expect(rows.map(({ text }) => text)).toContainEqual(expect.stringContaining(said));
    };
    // What nobody could read to its end may show a use.
    await host.run("chmod 0 /var/log/auth.log");
    await expectNotRead("/var/log/auth.log was not read to its end");
    // With nobody's rights but root's to read it by, what it says is not known.
    await host.run("chown root /var/log/auth.log");
    await expectNotRead("/var/log/auth.log belongs to root, and lies in a folder where others may write");
  },
);
