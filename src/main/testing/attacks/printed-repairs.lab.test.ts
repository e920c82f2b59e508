/** Commands that are printed for a person to run as root, on a host where an account has prepared for them. */
import { lstatSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey } from "#testing/runs/follow.ts";
import { runAtOnce } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

const FILE = "/home/evil/.ssh/authorized_keys";

lab(
  "commands that are printed for root write nothing outside of the account's own folder, whatever that account has laid there",
  async () => {
    await using desk = await makeDesk();
    const program = await readFile(join(import.meta.dirname, "lure-repair.sh"), "utf8");
    await using host = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}
        ${letIn(desk.publicKey, "evil")} chown -R evil: $home
        mkdir -p /etc/cron.d
        cat >/usr/local/bin/lure <<'END_OF_PROGRAM'\n${program}\nEND_OF_PROGRAM
        chmod 755 /usr/local/bin/lure`,
    });
    const before = await host.run("ls -A /etc/cron.d /root /etc");
    const first = lstatSync(`${host.root}${FILE}`).ino;
    let isLured = false;
    // Each time the journal is written; once the file holds what the run has written.
    const now = () => {
      if (!isLured && lstatSync(`${host.root}${FILE}`).ino !== first) {
        isLured = true;
        runAtOnce(host, "su evil -c 'lure /etc/cron.d'");
      }
      return new Date();
    };
    const workstation = { user: "root", home: desk.home, agentSocket: null };
    await using app = createApp({ databasePath: desk.databasePath, workstation, now });
    const run = await carryOut(app, await planOwnKey(app, desk, [host]));
    expect(run).toMatchObject({ state: "needs-attention" });
    expect(run.files).toMatchObject([{ path: FILE, fate: "stuck" }]);
    const commands = run.byHand.filter((line) => !line.startsWith("ssh "));
    expect(commands.join("\n")).toContain("/home/evil/.ssh");
    await host.run(`(\n${commands.join("\n")}\n) </dev/null || true`);
    expect(await host.run("ls -A /etc/cron.d /root /etc")).toBe(before);
  },
);
