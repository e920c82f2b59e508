import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { agreeTo, makePlan } from "#testing/runs/follow.ts";
import { layScript, resultOn, runScript } from "#testing/runs/offline-hosts.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { logIn, untilSeenAsLater } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

test.skipIf(!canStartHosts()).each([
  { when: "before its day, if told to", isDue: false, options: "--now" },
  { when: "from its day on", isDue: true, options: "" },
])(
  "a carried addition is taken out again by its own script, and the old line goes $when, and not before",
  async ({ isDue, options }) => {
    await using desk = await makeDesk();
    const make = (name: string) => makeKeyFile(desk.home, name);
    const [old, given] = [await make("old"), await make("given")];
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}`,
    });
    const [web] = probed.hosts;
    const read = () => web.run(`cat ${FILE}; ls -A /home/deploy/.ssh`);
    const before = await read();
    await using app = desk.open();
    const { runs } = app.client;
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.publicLine };
    const planned = await makePlan(app, request, { graceDays: 1 });
    const lay = async () => {
      const { files, notes } = await runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
      const text = files[0]?.text ?? "";
      // As if a result had come back days ago: one from the future is refused, and no clock is set here.
      await layScript(web, isDue ? text.replace(/^offline_not_before=\d+$/m, "offline_not_before=1") : text);
      return { phases: files.map((file) => file.phases.join(" ")), notes: notes.join("; ") };
    };
    const take = async () => {
      const base64 = (await resultOn(web)).toString("base64");
      return (await runs.importResult({ base64 })).state;
    };

    expect((await lay()).phases).toEqual(["grant"]);
    expect(await runScript(web, "yes\\nyes\\n")).toContain("code 0");
    const both = await read();
    expect(await take()).toBe("waiting");
    expect(await runScript(web, "no\\n", "", "--rollback")).toContain("nobody confirmed the rollback");
    expect(await read()).toBe(both);
    expect(await runScript(web, "yes\\n", "", "--rollback")).toContain("code 0");
    expect(await read()).toBe(before);
    expect(await take()).toBe("rolled-back");

    expect((await lay()).phases).toEqual(["grant"]);
    expect(await runScript(web, "yes\\nyes\\n")).toContain("code 0");
    expect(await take()).toBe("waiting");
    // With both keys installed somebody still uses the old one, and a scan reads that.
    await untilSeenAsLater();
    await logIn(web, old.path);
    await scanAll(app, { text: `root@${web.address}` });
    const removal = await lay();
    expect(removal.notes).toMatch(/deploy@\S+: logged in to with the old key at .*before the old line goes/);
    expect(removal.phases).toEqual(["grant revoke finish"]);
    expect(removal.notes).toContain("it removes nothing before");
    expect(await runScript(web, "yes\\n", "", "--rollback")).toContain("code 2");
    if (!isDue) expect(await runScript(web, "yes\\nyes\\n")).toMatch(/the grace period ends at .*code 2/s);
    expect(await read()).toBe(both);
    expect(await runScript(web, "yes\\nyes\\n", "", options)).toContain("code 0");
    expect(await read()).not.toContain(old.publicLine.split(" ")[1]);
    expect(await take()).toBe("committed");
    await probed.expectNobodyLockedOut();
  },
);
