import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, makePlan } from "#testing/runs/follow.ts";
import { writeThere } from "#testing/runs/offline-hosts.ts";

const KEY = "/home/ci/.ssh/id_ed25519";

test.skipIf(!canStartHosts())(
  "a script of a plan that names a planted file makes no key beside it, whatever hash the plan has of it",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "ci")}
        su ci -c 'ssh-keygen -q -t ed25519 -N "" -C ci@vault -f ${KEY}'
        { cat ${KEY}.pub; cat /root/.ssh/authorized_keys; } >/tmp/keys && cat /tmp/keys >/root/.ssh/authorized_keys`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${host.address}`, acceptNew: true });
    const [fingerprint = ""] = (await host.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint });
    const { files } = await app.client.runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
    const before = planned.plan?.hosts[0]?.privateKeyLocations[0]?.before ?? "";
    await writeThere(
      host,
      "/tmp/plant-key.py",
      await readFile(join(import.meta.dirname, "plant-key.py"), "utf8"),
    );
    for (const how of ["clear", "locked"]) {
      const planted = await host.run(`runuser -u ci -- sh -ec 'cd /home/ci/.ssh; umask 077
        python3 /tmp/plant-key.py "$(cat id_ed25519.pub)" ${how} >planted && mv planted id_ed25519'; sha256sum <${KEY}`);
      const script = (files[0]?.text ?? "").replaceAll(before, planted.slice(0, 64));
      await host.run("rm -rf /root/stick && mkdir -p /root/stick");
      await writeThere(host, "/root/stick/script.sh", script);
      const said = await host.run(
        "cd /root/stick && { printf 'yes\nyes\n' | sh ./script.sh 2>&1 || echo \"code $?\"; }",
      );
      expect(said, how).toMatch(how === "clear" ? /did not sign with the old key/ : /has a passphrase/);
      expect(await host.run("ls -A /home/ci/.ssh")).toBe("authorized_keys\nid_ed25519\nid_ed25519.pub\n");
      expect(await host.run("cat /root/.ssh/authorized_keys")).not.toContain("latchkey");
    }
  },
);
