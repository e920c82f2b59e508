import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type Desk, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const run = promisify(execFile);

const fingerprintOf = async (path: string): Promise<string> =>
  (await run("ssh-keygen", ["-l", "-f", path])).stdout.split(" ")[1] ?? "";

/**
 * Hosts that the workstation's own key opens: root, and an account with it twice, beside a prober that logs in
 * throughout.
 */
const startHosts = (desk: Desk, names: readonly string[]) =>
  startProbedHosts(desk, {
    names,
    prepare: `printf 'restrict %s\\n# kept\\nno-pty %s\\n%s\\n' "$desk" "$desk" "$retained" > ${FILE}`,
  });

test.skipIf(!canStartHosts())(
  "a key that opens six accounts of three hosts, Latchkey's own way in among them, is replaced wherever it is granted and held",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startHosts(desk, ["one", "two", "three"]);
    const { hosts, readKeys: readAll } = probed;
    const path = join(desk.home, ".ssh/id_ed25519");
    const old = await fingerprintOf(path);
    await using app = desk.open();
    const text = hosts.map(({ address }) => `root@${address}`).join("\n");
    await scanAll(app, { text, acceptNew: true });
    const run = await carryOut(app, { kind: "rotate-key", fingerprint: old });
    expect(run).toMatchObject({ message: "", state: "committed" });
    const made = await fingerprintOf(path);
    expect(made).not.toBe(old);
    expect(run.newKey?.fingerprint).toBe(made);
    const line = (await readFile(`${path}.pub`, "utf8")).trim();
    const [type, base64] = line.split(" ");
    for (const host of hosts) {
      const said = await readAll(host);
      expect(said).toBe(
        [
          `${type} ${base64} jo@desk`,
          `restrict ${type} ${base64} jo@desk`,
          "# kept",
          `no-pty ${type} ${base64} jo@desk`,
          probed.retained,
          "",
        ].join("\n"),
      );
      expect(await host.run("find /home /root -name '*latchkey*'")).toBe("");
    }
    const { rows } = await app.client.access.list({});
    const kept = await fingerprintOf(join(desk.home, "retained"));
    expect(new Set(rows.map(({ fingerprint }) => fingerprint))).toEqual(new Set([made, kept]));
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "a host that fails half-way is taken back and nothing is removed anywhere; when it is mended, the run goes on to its end",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startHosts(desk, ["one", "two"]);
    const { hosts, readKeys: readAll } = probed;
    const [, second] = hosts;
    if (!second) throw new Error("two hosts were asked for");
    const before = await readAll(second);
    await using app = desk.open();
    const text = hosts.map(({ address }) => `root@${address}`).join("\n");
    await scanAll(app, { text, acceptNew: true });
    const old = await fingerprintOf(join(desk.home, ".ssh/id_ed25519"));
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint: old });
    // Nobody can change its own file.
    await second.run(
      "chattr +i /root/.ssh/authorized_keys 2>/dev/null || mount --bind /root/.ssh/authorized_keys /root/.ssh/authorized_keys",
    );
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    expect(stopped.message).toContain("/root/.ssh/authorized_keys");
    expect(await readAll(second)).toBe(before);
    for (const host of hosts) expect(await readAll(host)).toContain(desk.publicKey);
    await second.run(
      "chattr -i /root/.ssh/authorized_keys 2>/dev/null; umount /root/.ssh/authorized_keys 2>/dev/null || true",
    );
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: stopped.id });
      return stopped.id;
    });
    expect(ended).toMatchObject({ message: "", state: "committed" });
    for (const host of hosts) expect(await readAll(host)).not.toContain(desk.publicKey);
    await probed.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())("a run that is rolled back leaves every file as it was", async () => {
  await using desk = await makeDesk();
  await using probed = await startHosts(desk, ["one", "two"]);
  const { hosts, readKeys: readAll } = probed;
  const [, second] = hosts;
  if (!second) throw new Error("two hosts were asked for");
  await using app = desk.open();
  const text = hosts.map(({ address }) => `root@${address}`).join("\n");
  await scanAll(app, { text, acceptNew: true });
  const path = join(desk.home, ".ssh/id_ed25519");
  const [old, half] = [await fingerprintOf(path), await readFile(path)];
  const before = await Promise.all(hosts.map(readAll));
  const planned = await makePlan(app, { kind: "rotate-key", fingerprint: old });
  await second.run("echo '# mine' >> /home/deploy/.ssh/authorized_keys");
  const stopped = await carryOut(app, planned);
  expect(stopped.state).toBe("stopped");
  const back = await untilStill(app, async () => {
    await app.client.runs.rollBack({ runId: stopped.id });
    return stopped.id;
  });
  expect(back).toMatchObject({ state: "rolled-back" });
  const after = await Promise.all(hosts.map(readAll));
  expect(after).toEqual(before.map((said, index) => (index === 1 ? `${said}# mine\n` : said)));
  for (const host of hosts) expect(await host.run("find /home /root -name '*latchkey*'")).toBe("");
  expect(await readFile(path)).toEqual(half);
  expect((await run("ls", ["-A", join(desk.home, ".ssh")])).stdout).toBe("id_ed25519\nid_ed25519.pub\n");
  await probed.expectNobodyLockedOut();
});
