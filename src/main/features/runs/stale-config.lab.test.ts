import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, untilStill } from "#testing/runs/follow.ts";

/** sshd writes its process id once it has read its configuration. */
const reload = (host: LabHost, pidFile: string) =>
  host.run(
    `pid=$(cat ${pidFile}); rm ${pidFile}; kill -HUP "$pid"; while [ ! -s ${pidFile} ]; do sleep 0.05; done`,
  );

test.skipIf(!canStartHosts())(
  "a key that is removed still gets in by a configuration that sshd has not read again, at whichever of them, and the run says so until it is refused",
  async () => {
    await using desk = await makeDesk();
    const guest = await makeKeyLine("guest@x");
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(guest.line, "deploy")}
        chown -R deploy:deploy /home/deploy/.ssh
        mkdir /etc/ssh/old; echo '${guest.line}' > /etc/ssh/old/deploy
        printf '%s\\n' 'UsePAM yes' 'PidFile /run/second.pid' 'AuthorizedKeysFile /etc/ssh/old/%u' > /etc/ssh/second
        sed -i '1i AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/old/%u' /etc/ssh/sshd_config`,
    });
    await web.run(`/usr/sbin/sshd -f /etc/ssh/second -p 2222 -o ListenAddress=${web.address} -o PerSourcePenalties=no
      while [ ! -s /run/second.pid ]; do sleep 0.05; done
      sed -i '1d' /etc/ssh/sshd_config; sed -i 's/^AuthorizedKeysFile .*/AuthorizedKeysFile none/' /etc/ssh/second`);
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const { rows } = await app.client.access.list({ search: guest.fingerprint });
    const own = rows.filter(({ file }) => file.startsWith("/home/")).map(({ id }) => id);
    const run = await carryOut(app, { kind: "remove-grants", grants: own });
    const by = (config: string, port = "") =>
      `${guest.fingerprint} still gets in to deploy on ${web.address}, perhaps by what sshd had read before ${config} was changed: have it read its configuration again${port}: close that way in, then resume the run`;
    expect(run).toMatchObject({ state: "needs-attention", message: by("/etc/ssh/sshd_config") });
    const again = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: run.id });
        return run.id;
      });
    await reload(web, "/run/sshd.pid");
    expect(await again()).toMatchObject({
      state: "needs-attention",
      message: by("/etc/ssh/second", " (the sshd on port 2222)"),
    });
    await reload(web, "/run/second.pid");
    expect(await again()).toMatchObject({ state: "committed", message: "" });
  },
);
