/** What stands in the way of a removal, or is put there while it is on its way: nobody else's lines go, and none stays half. */
import { expect, test } from "vitest";
import type { App } from "#app";
import type { RunId } from "#shared/model/runs/run.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";

const entriesOf = (host: LabHost) => host.run("cat /etc/passwd /etc/shadow /etc/group /etc/gshadow");

const planOf = (app: App, runId: RunId) => makePlan(app, { kind: "remove-account", runId });

test.skipIf(!canStartHosts())(
  "a number that another name has, a process, a changed entry, a host without vipw, a use that the plan did not know, and what changed since the plan keep an account from being removed, and nothing is written",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "app")}\nchown -R app:app /home/app/.ssh`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
    const accounts = [{ host: host.address, port: 22, account: "app" }];
    const { id: runId } = await carryOut(
      app,
      await makePlan(app, { kind: "disable-account", accounts }, { graceDays: 0 }),
    );
    const refusedOf = async () =>
      (await planOf(app, runId)).plan?.checks
        .filter(({ state }) => state === "refused")
        .map(({ text }) => text)
        .join();
    const disabled = await entriesOf(host);

    await host.run("useradd -o -u $(id -u app) -M twin");
    expect(await refusedOf()).toContain("(twin)");
    await host.run("userdel twin");
    await host.run("setsid setpriv --reuid app --regid app --init-groups sleep 600 >/dev/null 2>&1 &");
    expect(await refusedOf()).toContain("has processes that run as it");
    await host.run("pkill -KILL -u app; while pgrep -u app >/dev/null; do sleep 0.1; done");
    await host.run("usermod -e 30000 app");
    expect(await refusedOf()).toContain("is not as the plan knows it");
    await host.run("usermod -e 1 app");
    await host.run("chown daemon /usr/sbin/vipw");
    expect(await refusedOf()).toContain("has no vipw");
    await host.run("chown root /usr/sbin/vipw");
    expect(await entriesOf(host)).toBe(disabled);

    // What is typed for a host of production is no word for a use that nobody had seen.
    await app.client.labels.set({ things: [{ kind: "host", host: host.address }], addTags: ["production"] });
    const unused = await planOf(app, runId);
    expect(unused.plan?.confirm?.word).not.toBe("app");
    await host.run(`printf '%s web sshd[7]: Accepted publickey for app from 192.0.2.9 port 4 ssh2\\n' \\
      "$(date '+%b %e %H:%M:%S')" >> /var/log/auth.log`);
    await untilStill(app, async () => {
      await app.client.runs.resume({ runId });
      return runId;
    });
    await expect(carryOut(app, unused)).rejects.toThrow("a use of the accounts since the plan was made");
    expect(await entriesOf(host)).toBe(disabled);

    const late = await planOf(app, runId);
    await host.run("usermod -aG games app");
    const changed = await entriesOf(host);
    const stopped = await carryOut(app, late);
    expect(stopped).toMatchObject({ state: "stopped" });
    expect(stopped.message).toContain("is not as the plan knows it");
    expect(await entriesOf(host)).toBe(changed);

    await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: stopped.id });
      return stopped.id;
    });
    const busy = await planOf(app, runId);
    await host.run("setsid setpriv --reuid app --regid app --init-groups sleep 600 >/dev/null 2>&1 &");
    const used = await carryOut(app, busy);
    expect(used.message).toContain("has processes that run as it");
    expect(await entriesOf(host)).toBe(changed);
    expect(await host.run("ls /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);
