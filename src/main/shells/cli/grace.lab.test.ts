import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { START_JOURNAL } from "#testing/lab/own-clock.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { logIn, untilSeenAsLater } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);

/** Another machine, as far as the host can see. */
const OTHER = "127.0.0.99";

test.skipIf(!canStartHosts())(
  "who holds a copy that nobody knows of is asked about by the plan, who uses the old key while its days of grace last is named by each look at the run, and is shut out only once that is agreed to by name",
  async () => {
    await using desk = await makeDesk();
    const old = await makeKeyFile(join(desk.home, ".ssh"), "old");
    const elsewhere = join(desk.home, "elsewhere");
    await run("cp", ["-p", old.path, elsewhere]);
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(old.publicLine, "deploy")}
        chown -R deploy:deploy /home/deploy/.ssh`,
    });
    await web.run(START_JOURNAL);
    const { databasePath, home } = desk;
    const type = openTerminal(databasePath, { workstation: { user: "root", home, agentSocket: null } });
    await logIn(web, elsewhere, OTHER);
    const scan = ["scan", `root@${web.address}`, "--accept-new"];
    expect(await type(...scan)).toMatchObject({ code: 0 });
    const planned = await type("rotate", "key", old.fingerprint);
    expect(planned.out).toContain(`unexplained-address ${web.address} deploy ${OTHER}`);
    const copy = ["--acknowledge", `unexplained-address ${web.address} deploy ${OTHER}`];
    const acknowledgements = [...copy, "--acknowledge", "other-way-in", "--acknowledge", "file-logs"];
    const begun = await type(
      "rotate",
      "key",
      old.fingerprint,
      "--grace",
      "9",
      "--apply",
      "--yes",
      ...acknowledgements,
    );
    expect(`${begun.out}\n${begun.err}`).toContain("run 1 is waiting");
    expect((await type("runs", "show", "1")).out).not.toContain("old key was");

    await untilSeenAsLater();
    await logIn(web, elsewhere, OTHER);
    const used = new RegExp(
      `deploy@${web.address}: logged in to with the old key at \\S+, from ${OTHER}, from its journal`,
    );
    // The hosts are read at once, before the due time.
    expect((await type("runs", "resume", "1")).out).toMatch(used);
    expect((await type("runs", "show", "1")).out).toMatch(used);
    expect((await type("runs", "list")).out).toContain(`still used: deploy@${web.address}`);
    const { oldKeyWatch } = JSON.parse((await type("runs", "show", "1", "--json")).out).run;
    expect(oldKeyWatch.uses).toEqual([
      expect.objectContaining({ host: web.address, account: "deploy", from: OTHER, evidence: "journal" }),
    ]);

    const now = ["runs", "resume", "1", "--now", "--yes"];
    const consent = `old-key-used ${web.address} deploy ${OTHER}`;
    for (const more of [
      [],
      ["--acknowledge", "old-key-used"],
      ["--acknowledge", `old-key-used ${web.address} root ${OTHER}`],
    ])
      expect(await type(...now, ...more)).toMatchObject({
        code: 2,
        err: expect.stringContaining(`--acknowledge '${consent}'`),
      });
    const keys = () => web.run("cat /home/deploy/.ssh/authorized_keys");
    const blob = old.publicLine.split(" ")[1] ?? "";
    expect(await keys()).toContain(blob);
    const ended = await type(...now, "--acknowledge", consent);
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("run 1 is committed") });
    expect(await keys()).not.toContain(blob);
    expect(await readFile(old.path, "utf8")).not.toBe(await readFile(elsewhere, "utf8"));
  },
);
