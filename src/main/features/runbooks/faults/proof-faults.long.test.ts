import { execFile } from "node:child_process";
import { join } from "node:path";
import { kill } from "node:process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import type { RunDetail } from "#shared/model/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { openMeddled, runAtOnce } from "#testing/runbooks/meddle.ts";

const run = promisify(execFile);
const FILE = "/home/deploy/.ssh/authorized_keys";

const startWeb = ({ publicKey }: Desk): Promise<LabHost> =>
  startHost({
    name: "web",
    prepare: `${letIn(publicKey)}\n${letIn(publicKey, "deploy")}\nchown -R deploy:deploy /home/deploy/.ssh`,
  });

const readKeys = (host: LabHost): Promise<string> => host.run(`cat /root/.ssh/authorized_keys ${FILE}`);
const listStrays = (host: LabHost): Promise<string> => host.run("find /home /root -name '*latchkey*'");

/** Rotates the desk's own key as soon as the host is known. */
async function rotate(app: App, desk: Desk, { address }: LabHost): Promise<RunDetail> {
  await scanAll(app, { text: `root@${address}`, acceptNew: true });
  const { stdout } = await run("ssh-keygen", ["-l", "-f", join(desk.home, ".ssh/id_ed25519")]);
  const wish = { kind: "rotate-key" as const, fingerprint: stdout.split(" ")[1] ?? "" };
  return carryOut(app, await makePlan(app, wish, { deadManSeconds: 30 }));
}

test.skipIf(!canStartHosts())(
  "R14: where another host key answers once a file is written, it is taken back through the open session, and that is said",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using web = await startWeb(desk);
    const before = await readKeys(web);
    const swap = () =>
      runAtOnce(
        web,
        `rm /etc/ssh/ssh_host_* && ssh-keygen -q -A && kill -HUP 1
        key=$(cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub)
        until ssh-keyscan -t ed25519 ${web.address} 2>/dev/null | grep -qF "$key"; do :; done`,
      );
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [swap] });
    const ended = await rotate(app, desk, web);
    expect(ended).toMatchObject({ state: "stopped", failed: 1 });
    expect(ended.message).toContain("host key");
    expect(ended.message).toContain("it was taken back");
    expect(await readKeys(web)).toBe(before);
    expect(await listStrays(web)).toBe("");
    recordFault(task, { id: "R14", injected: "host keys swapped after a write", seen: ended.message });
  },
);

test.skipIf(!canStartHosts())(
  "R9: where sshd takes nobody in once a file is written, it is waited for, then taken back through the open session",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using web = await startWeb(desk);
    const before = await readKeys(web);
    const steps = [() => kill(web.pid, "SIGSTOP"), () => kill(web.pid, "SIGCONT")];
    await using app = openMeddled(desk, { host: web, path: FILE, steps });
    const ended = await rotate(app, desk, web);
    expect(ended).toMatchObject({ state: "stopped", failed: 1 });
    expect(ended.message).toContain("it was taken back");
    expect(await readKeys(web)).toBe(before);
    expect(await listStrays(web)).toBe("");
    const again = await untilStill(app, async () => {
      await app.client.runbooks.resume({ runId: ended.id });
      return ended.id;
    });
    expect(again).toMatchObject({ message: "", state: "committed" });
    recordFault(task, { id: "R9", injected: "SIGSTOP of sshd after a write", seen: ended.message });
  },
);

test.skipIf(!canStartHosts())(
  "R24: what can neither be proved nor taken back needs attention, and the commands that are said put it right",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using web = await startWeb(desk);
    const before = await readKeys(web);
    // sshd takes no key of an account whose home others can write to, and nobody can replace a mount point.
    const spoil = () => runAtOnce(web, `chmod 777 /home/deploy && mount --bind ${FILE} ${FILE}`);
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [spoil] });
    const ended = await rotate(app, desk, web);
    expect(ended).toMatchObject({ state: "needs-attention" });
    expect(ended.message).toContain("it could not be taken back");
    const [login, ...commands] = ended.byHand;
    expect(login).toBe(`ssh -p 22 'root@${web.address}'`);
    await web.run(`umount ${FILE} && chmod 755 /home/deploy
      echo '# late' >> "$(ls /home/deploy/.ssh/.latchkey/*/before-f* | head -n 1 | sed 's/before-.*/held-late/')"
      echo '# theirs' >> ${FILE}`);
    const shown = await web.run(["export HOME=/root", ...commands].join("\n"));
    expect(shown).toContain("< # theirs");
    expect(await readKeys(web)).toBe(before);
    expect(await web.run(`stat -c '%U:%G %a' ${FILE}`)).toBe("deploy:deploy 644\n");
    expect(await web.run("find /home /root/.ssh -name '*latchkey*'")).toBe("");
    // Nothing that somebody wrote is lost: it lies in the home of whoever has put it right.
    const aside = await web.run("cd /root && grep -rhE '^# (late|theirs)$' latchkey-*; rm -r latchkey-*");
    expect(aside.trim().split("\n").toSorted()).toEqual(["# late", "# theirs"]);
    expect(await listStrays(web)).toBe("");
    const seen = `${ended.message}; ${commands.length} commands put it right`;
    recordFault(task, { id: "R24", injected: "a bind mount and a refusal after a write", seen });
  },
);
