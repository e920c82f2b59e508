/** Hosts that refuse the new key, do not say whether they accept it, or claim what a client wants to hear. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { App } from "#app";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, openMeddled, runAtOnce, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

const goOn = (app: App, { id: runId }: RunDetail) =>
  untilStill(app, async () => {
    await app.client.runs.resume({ runId });
    return runId;
  });

lab(
  "R10: where sshd refuses the new key once it is added, the host goes back, the old key is untouched, and the reason is said",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: ": > /etc/ssh/revoked; echo 'RevokedKeys /etc/ssh/revoked' >> /etc/ssh/sshd_config",
    });
    const [web] = probed.hosts;
    const half = () => readFile(join(desk.home, ".ssh/id_ed25519"));
    const [before, old] = [await probed.readKeys(web), await half()];
    const revoke = () =>
      runAtOnce(web, `grep -vF -e '${desk.publicKey}' -e '${probed.retained}' ${FILE} > /etc/ssh/revoked`);
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [revoke] });
    const stopped = await carryOut(app, await planOwnKey(app, desk, probed.hosts));
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    expect(stopped.message).toMatch(/revoked/);
    expect(await probed.readKeys(web)).toBe(before);
    expect(await half()).toEqual(old);
    expect(await web.run("find /home /root -name '*latchkey*'")).toBe("");
    await web.run(": > /etc/ssh/revoked");
    expect(await goOn(app, stopped)).toMatchObject({ message: "", state: "committed" });
    const seen = `${stopped.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R10", injected: "the new key is revoked there after a write", seen });
  },
);

for (const phase of ["grant", "revoke"] as const)
  lab(
    `R16: where sshd penalises this computer once a file is written (${phase}), that verifies nothing, no key that is needed is removed, and a resume ends it`,
    async ({ task }) => {
      await using desk = await makeDesk();
      await using probed = await startProbedHosts(desk, {
        keepPenalties: true,
        sshdOptions: ["-o", "PerSourcePenalties=authfail:300 min:1"],
        from: "127.9.9.9",
        reloads: true,
        prepare: "ssh-keygen -q -t ed25519 -N '' -f /opt/stranger",
      });
      const [web] = probed.hosts;
      const login = `ssh -F none -n -i /opt/stranger -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null deploy@${web.address}`;
      const isPenalised = "grep -q 'penalty: failed authentication' /var/log/auth.log";
      const penalise = () => runAtOnce(web, `until ${isPenalised}; do ${login} 2>/dev/null || true; done`);
      const steps = phase === "grant" ? [penalise] : [() => undefined, penalise];
      await using app = openMeddled(desk, { host: web, path: FILE, steps });
      const first = await carryOut(
        app,
        await planOwnKey(app, desk, probed.hosts, { rollbackAfterSeconds: 30 }),
      );
      expect(first).toMatchObject({ state: "stopped", failed: 1 });
      expect(await probed.readKeys(web)).toContain(desk.publicKey);
      await web.run("kill -HUP 1");
      expect(await goOn(app, first)).toMatchObject({ message: "", state: "committed" });
      expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(web)).toBe("");
      const seen = `${first.message}; ${await probed.expectNobodyLockedOut()}`;
      recordFault(task, {
        id: "R16",
        injected: `sshd's penalty of our address after a write (${phase})`,
        seen,
      });
    },
  );

/** Each session sees and changes a copy of what sshd reads. */
const LIE = `
  mkdir /srv/lies; cp -a /root/.ssh /srv/lies/root; cp -a /home/deploy/.ssh /srv/lies/deploy
  cat > /usr/local/sbin/lie <<'END'
#!/bin/sh
exec unshare --mount sh -c 'mount --bind /srv/lies/root /root/.ssh && mount --bind /srv/lies/deploy /home/deploy/.ssh
exec sh -c "$SSH_ORIGINAL_COMMAND"'
END
  chmod 755 /usr/local/sbin/lie; echo 'ForceCommand /usr/local/sbin/lie' >> /etc/ssh/sshd_config; kill -HUP 1`;

lab(
  "R23: a host that says that all was written, and shows it, while its sshd reads something else, is found out by the login",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { begin: (host) => host.run(LIE), reloads: true });
    const [web] = probed.hosts;
    const before = await probed.readKeys(web);
    await using app = desk.open();
    const stopped = await carryOut(app, await planOwnKey(app, desk, probed.hosts));
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    const { rows } = await app.client.runs.entries({ runId: stopped.id });
    expect(rows.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^wrote /));
    expect(await probed.readKeys(web)).toBe(before);
    expect(await web.run("cat /srv/lies/root/authorized_keys /srv/lies/deploy/authorized_keys")).toBe(before);
    expect(await readFile(join(desk.home, ".ssh/id_ed25519.pub"), "utf8")).toContain(desk.publicKey);
    const seen = `${stopped.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R23", injected: "sessions see another home than sshd", seen });
  },
);
