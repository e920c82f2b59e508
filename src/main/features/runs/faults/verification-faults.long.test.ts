/** A host fails between a write and its verification. */
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey } from "#testing/runs/follow.ts";
import { FILE, openMeddled, runAtOnce, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

lab(
  "R14: where another host key answers once a file is written, it is taken back through the open session, and that is said",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const { fault, readKeys } = probed;
    const [web] = probed.hosts;
    const before = await readKeys(web);
    const swap = () => {
      // Nothing listens while sshd restarts.
      fault.begins();
      runAtOnce(
        web,
        `rm /etc/ssh/ssh_host_* && ssh-keygen -q -A && kill -HUP 1
        key=$(cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub)
        until ssh-keyscan -t ed25519 ${web.address} 2>/dev/null | grep -qF "$key"; do :; done`,
      );
      fault.ends();
    };
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [swap] });
    const ended = await carryOut(
      app,
      await planOwnKey(app, desk, probed.hosts, { rollbackAfterSeconds: 30 }),
    );
    expect(ended).toMatchObject({ state: "stopped", failed: 1 });
    expect(ended.message).toContain("host key");
    expect(ended.message).toContain("it was rolled back");
    expect(await readKeys(web)).toBe(before);
    expect(await probed.listStrays(web)).toBe("");
    const seen = `${ended.message}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R14", injected: "host keys swapped after a write", seen });
  },
);

lab(
  "R24: what can neither be verified nor taken back needs attention, and the commands that are said put it right",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const { fault, readKeys } = probed;
    const [web] = probed.hosts;
    const before = await readKeys(web);
    // sshd accepts no key of an account whose home others can write to, and nobody can replace a mount point.
    const spoil = () => {
      fault.begins();
      runAtOnce(web, `chmod 777 /home/deploy && mount --bind ${FILE} ${FILE}`);
    };
    await using app = openMeddled(desk, { host: web, path: FILE, steps: [spoil] });
    const ended = await carryOut(
      app,
      await planOwnKey(app, desk, probed.hosts, { rollbackAfterSeconds: 30 }),
    );
    expect(ended).toMatchObject({ state: "needs-attention" });
    expect(ended.message).toContain("it could not be rolled back");
    const [login, ...commands] = ended.byHand;
    expect(login).toBe(`ssh -p 22 'root@${web.address}'`);
    await web.run(`umount ${FILE} && chmod 755 /home/deploy`);
    fault.ends();
    await web.run(`
      echo '# late' >> "$(ls /home/deploy/.ssh/.latchkey/*/before-f* | head -n 1 | sed 's/before-.*/held-late/')"
      echo '# theirs' >> ${FILE}`);
    const shown = await web.run(["export HOME=/root", ...commands].join("\n"));
    expect(shown).toContain("< # theirs");
    expect(await readKeys(web)).toBe(before);
    expect(await web.run(`stat -c '%U:%G %a' ${FILE}`)).toBe("deploy:deploy 644\n");
    expect(await web.run("find /home /root -name .latchkey")).toBe("");
    // Nothing that somebody wrote is lost: it lies beside the file, with its account's rights alone.
    const aside = await web.run(
      "cd /home/deploy/.ssh && grep -rhE '^# (late|theirs)$' .latchkey-kept-* *.latchkey-aside-*; rm -r .latchkey-kept-* *.latchkey-aside-*; rm -rf /root/.ssh/.latchkey-kept-*",
    );
    expect(aside.trim().split("\n").toSorted()).toEqual(["# late", "# theirs"]);
    expect(await probed.listStrays(web)).toBe("");
    const locked = await probed.expectNobodyLockedOut();
    const seen = `${ended.message}; ${commands.length} commands put it right; ${locked}`;
    recordFault(task, { id: "R24", injected: "a bind mount and a refusal after a write", seen });
  },
);
