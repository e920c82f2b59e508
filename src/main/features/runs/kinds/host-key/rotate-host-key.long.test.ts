import { expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import { readHostKey } from "#net/ssh/verify/testing/lab-route.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

const wishFor = (host: LabHost) => ({
  kind: "rotate-host-key" as const,
  keyType: "ed25519" as const,
  host: host.address,
  port: host.port,
});

const CONFIG = "cat /etc/ssh/sshd_config";

lab("a host key is rotated: sshd goes on, our pin follows, and a scan finds nothing strange", async () => {
  await using desk = await makeDesk();
  await using probed = await startProbedHosts(desk, { reloads: true });
  const [host] = probed.hosts;
  await using app = desk.open();
  const text = `root@${host.address}`;
  await scanAll(app, { text, acceptNew: true });
  const old = viewKey(await readHostKey(host)).fingerprint;
  const before = await host.run(CONFIG);
  const run = await carryOut(app, wishFor(host));
  expect(run).toMatchObject({ message: "", state: "committed" });
  const made = run.newKey?.fingerprint ?? "";
  expect(made).not.toBe(old);
  const [probe] = await scanAll(app, { text });
  expect(probe).toMatchObject({ state: "ok" });
  const after = await host.run(CONFIG);
  const path = /^HostKey (\S+_ed25519_key_\S+)$/m.exec(after)?.[1] ?? "";
  expect(after.replace(path, "/etc/ssh/ssh_host_ed25519_key")).toContain(before.split("\n").at(-2) ?? "");
  expect(await host.run(`ssh-keygen -lf ${path}; stat -c '%a %U' ${path}`)).toMatch(
    new RegExp(`${made.replace(/[+/]/g, "\\$&")} [^]*\n600 root\n$`),
  );
  expect(await host.run("find /etc /root /home -name '*latchkey*'")).toBe("");
  await probed.expectNobodyLockedOut();
});

lab(
  "a rotation of a host key that is taken back leaves sshd, its files and our pin as they were",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { reloads: true });
    const [host] = probed.hosts;
    await using app = desk.open();
    const text = `root@${host.address}`;
    await scanAll(app, { text, acceptNew: true });
    const files = "cd /etc/ssh; find . -type f -exec sha256sum {} + | sort; stat -c '%n %a %U' *";
    const before = await host.run(files);
    const planned = await makePlan(app, wishFor(host), { graceDays: 3 });
    const waiting = await carryOut(app, planned);
    expect(waiting.state).toBe("waiting");
    expect(await host.run(files)).not.toBe(before);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: waiting.id });
      return waiting.id;
    });
    expect(back).toMatchObject({ message: "", state: "rolled-back" });
    expect(await host.run(files)).toBe(before);
    expect((await scanAll(app, { text }))[0]).toMatchObject({ state: "ok" });
    await probed.expectNobodyLockedOut();
  },
);
