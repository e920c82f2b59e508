import { expect, test } from "vitest";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { create, uncreate } from "./host-files.ts";
import { inspectFile } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";

const lab = test.skipIf(!canStartHosts());
const path = "/home/alice/.ssh/authorized_keys";

lab(
  "a file and its folder are made as the account's own, once, and only what is empty is taken away again, by every shell",
  async () => {
    await using host = await startHost({ name: "keys2", prepare: "useradd --create-home alice" });
    const uid = Number(await host.run("id -u alice"));
    const stand = () =>
      host.run("cd /home/alice; stat -c '%n %U %G %a' .ssh .ssh/*; wc -c <.ssh/authorized_keys");
    for (const [index, shell] of SOME_SHELLS.entries()) {
      const user = index % 2 === 0 ? {} : { user: "alice" };
      await using hand = await openSessionIn(startShellIn(host, { shell, ...user }));
      const before = await inspectFile(hand, path);
      expect(before).toMatchObject({ file: { state: "absent", refusal: { why: "no-folder" } } });
      expect(await create(hand, { path, uid })).toEqual({ kind: "created" });
      expect(await create(hand, { path, uid })).toEqual({ kind: "created" });
      expect(await stand(), shell).toBe(".ssh alice alice 700\n.ssh/authorized_keys alice alice 600\n0\n");
      const seen = await inspectFile(hand, path);
      expect(seen).toMatchObject({ file: { state: "file", refusal: null, content: new Uint8Array() } });
      await host.run(`echo '# hers' > ${path}`);
      expect(await uncreate(hand, { path, uid, made: "folder" })).toMatchObject({ kind: "changed" });
      await host.run(`: > ${path}; touch /home/alice/.ssh/known_hosts`);
      expect(await uncreate(hand, { path, uid, made: "folder" })).toEqual({ kind: "gone" });
      expect(await host.run("ls -A /home/alice/.ssh")).toBe("known_hosts\n");
      await host.run("rm /home/alice/.ssh/known_hosts");
      expect(await uncreate(hand, { path, uid, made: "folder" })).toEqual({ kind: "gone" });
      expect(await uncreate(hand, { path, uid, made: "folder" })).toEqual({ kind: "gone" });
      expect(await host.run("ls -Ad /home/alice/.ssh 2>&1 || :")).toContain("No such file");
    }
    await host.run("chown root: /home/alice; chmod 755 /home/alice");
    await using root = await openSessionIn(startShellIn(host, { shell: "sh" }));
    expect(await create(root, { path, uid })).toMatchObject({ kind: "refused", why: "not-owner" });
    expect(await host.run("ls -A /home/alice/.ssh 2>&1 || :")).toContain("No such file");
  },
);
